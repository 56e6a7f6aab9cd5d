package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dndllm.eval.Run;

/**
 * One task: what generating reached in which time, and how long training on labels took for the same.
 *
 * @param task its name
 * @param examples labelled examples that training may use
 * @param base score without an adapter
 * @param generated score of the generated adapter
 * @param generation times of generating it
 * @param curve trained LoRAs by length, at least one; only the last may be as good as the generated adapter
 */
record TrainingRace(
        String task, int examples, Score base, Score generated, GenerationTimes generation, List<Length> curve) {
    TrainingRace {
        curve = List.copyOf(curve);
    }

    /** Right answers in the test split, which decides, and in the validation split. */
    record Score(int right, int items, int validationRight, int validationItems) {
        /** @param run over the test items, then the validation items */
        static Score of(Run run, int testItems) {
            List<Boolean> hits = run.hits();
            int right =
                    (int) hits.subList(0, testItems).stream().filter(hit -> hit).count();
            return new Score(right, testItems, run.right() - right, hits.size() - testItems);
        }

        double accuracy() {
            return (double) right / items;
        }

        boolean reaches(Score other) {
            return right >= other.right;
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("accuracy", accuracy());
            json.put("items", items);
            if (validationItems > 0) {
                json.put("validation_accuracy", (double) validationRight / validationItems);
                json.put("validation_items", validationItems);
            }
            return json;
        }
    }

    /** A LoRA after a whole run of so many steps. */
    record Length(long steps, double seconds, Score score) {
        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("steps", steps);
            json.put("seconds", seconds);
            json.putAll(score.toJson());
            return json;
        }
    }

    /** The run whose time counts: the first that is good enough, else the longest. */
    Length training() {
        return curve.getLast();
    }

    /** Whether training got there; if not, the ratios are the least that they can be. */
    boolean reached() {
        return training().score().reaches(generated);
    }

    /** Training time over generation time, prompts to weights. */
    double ratioToWeights() {
        return training().seconds() / (generation.weights().median() / 1e3);
    }

    /** Training time over generation time, prompts to attached adapter. */
    double ratioToAttached() {
        return training().seconds() / (generation.attached().median() / 1e3);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task", task);
        json.put("training_examples", examples);
        json.put("base", base.toJson());
        json.put("generated", generated.toJson());
        json.put("generation", generation.toJson());
        json.put("curve", curve.stream().map(Length::toJson).toList());
        json.put("reached", reached());
        json.put("training_steps", training().steps());
        json.put("training_seconds", training().seconds());
        json.put("training_to_weights", ratioToWeights());
        json.put("training_to_attached", ratioToAttached());
        return json;
    }

    static List<String> titles() {
        return List.of(
                "task",
                "base %",
                "generated %",
                "to weights ms",
                "to attached ms",
                "steps",
                "training s",
                "trained %",
                "training / to weights",
                "training / to attached");
    }

    /** What {@link #titles} name. */
    List<String> row() {
        String bound = reached() ? "" : "> ";
        return List.of(
                task,
                percent(base),
                percent(generated),
                number("%.2f", generation.weights().median()),
                number("%.2f", generation.attached().median()),
                bound + training().steps(),
                bound + number("%.2f", training().seconds()),
                percent(training().score()),
                bound + number("%,.0f", ratioToWeights()),
                bound + number("%,.0f", ratioToAttached()));
    }

    static List<String> curveTitles() {
        return List.of("task", "steps", "training s", "test %", "validation %", "generated, test %");
    }

    /** What {@link #curveTitles} name, of every length. */
    List<List<String>> curveRows() {
        return curve.stream()
                .map(length -> List.of(
                        task,
                        String.valueOf(length.steps()),
                        number("%.2f", length.seconds()),
                        percent(length.score()),
                        length.score().validationItems() == 0
                                ? "-"
                                : percent(
                                        length.score().validationRight(),
                                        length.score().validationItems()),
                        percent(generated)))
                .toList();
    }

    private static String percent(Score score) {
        return percent(score.right(), score.items());
    }

    private static String percent(int right, int items) {
        return number("%.1f", 100.0 * right / items);
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
