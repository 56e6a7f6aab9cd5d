package org.dndllm.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * Means over tasks. Intervals resample tasks; with a single task they resample its items; where all
 * tasks are alike, they are Wilson's over all items. A difference is taken task by
 * task (item by item), so what makes a task easy or hard for everybody cancels.
 *
 * @param rows one per control that was asked for, in the order of {@link Control}
 * @param tasks how many tasks were evaluated
 * @param items how many test items in all
 * @param ownLabelShare gain of the generated adapter over the base model as a share of the gain of the LoRA trained on the
 *     task's labels; empty unless all three were measured and that LoRA gains anything
 * @param generationSeconds median over adapters, prompts to attached
 * @param trainSeconds median over the LoRAs trained on the tasks' labels
 */
public record Summary(
        List<Row> rows,
        int tasks,
        int items,
        Optional<Estimate> ownLabelShare,
        OptionalDouble generationSeconds,
        OptionalDouble trainSeconds) {
    /**
     * One control over all tasks.
     *
     * @param accuracy mean over the tasks where it was measured
     * @param advantage of the generated adapter over this control, over the tasks where both were measured
     * @param remark why there is no number, or what to know about it; may be empty
     */
    public record Row(Control control, Optional<Estimate> accuracy, Optional<Estimate> advantage, String remark) {}

    public Summary {
        rows = List.copyOf(rows);
    }

    /** Sums up at least one result; all results are of the same controls. */
    public static Summary of(List<TaskResult> results) {
        List<Row> rows = results.getFirst().measurements().stream()
                .map(measurement -> row(measurement.control(), results))
                .toList();
        return new Summary(
                rows,
                results.size(),
                results.stream().mapToInt(result -> result.items().size()).sum(),
                share(results),
                median(results.stream()
                        .flatMap(result -> result.generationSeconds().stream())
                        .mapToDouble(Double::doubleValue)
                        .toArray()),
                median(results.stream()
                        .flatMapToDouble(result -> result.trainSeconds().stream())
                        .toArray()));
    }

    private static Row row(Control control, List<TaskResult> results) {
        List<TaskResult> measured = with(results, control);
        if (measured.isEmpty()) {
            String reason =
                    results.getFirst().of(control).map(Measurement::remark).orElse("");
            return new Row(control, Optional.empty(), Optional.empty(), "not measured: " + reason);
        }
        return new Row(
                control,
                Optional.of(accuracy(control, measured)),
                advantage(control, measured),
                remark(control, results));
    }

    private static Estimate accuracy(Control control, List<TaskResult> measured) {
        if (measured.size() == 1) {
            return measured.getFirst().measured(control).orElseThrow().estimate();
        }
        Estimate mean = Bootstrap.mean(units(measured, result -> accuracy(result, control)));
        if (mean.low() < mean.high()) {
            return mean;
        }
        // Tasks that are all alike, such as all at 0, leave nothing to resample: no proof that there is no error.
        int items = measured.stream().mapToInt(result -> result.items().size()).sum();
        return Wilson.of((int) Math.round(mean.value() * items), items);
    }

    private static Optional<Estimate> advantage(Control control, List<TaskResult> measured) {
        List<TaskResult> both = with(measured, Control.GENERATED);
        if (control == Control.GENERATED || both.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Bootstrap.mean(differences(both, Control.GENERATED, control)));
    }

    /** One difference per task, or per item of a single task. */
    private static double[] differences(List<TaskResult> both, Control one, Control other) {
        if (both.size() > 1) {
            return units(both, result -> accuracy(result, one) - accuracy(result, other));
        }
        double[] a = both.getFirst().measured(one).orElseThrow().itemMeans();
        double[] b = both.getFirst().measured(other).orElseThrow().itemMeans();
        double[] difference = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            difference[i] = a[i] - b[i];
        }
        return difference;
    }

    private static Optional<Estimate> share(List<TaskResult> results) {
        List<TaskResult> all = with(with(with(results, Control.BASE), Control.GENERATED), Control.OWN_LABELS);
        if (all.isEmpty()) {
            return Optional.empty();
        }
        double[] generated = differences(all, Control.GENERATED, Control.BASE);
        double[] own = differences(all, Control.OWN_LABELS, Control.BASE);
        return Arrays.stream(own).sum() > 0 ? Optional.of(Bootstrap.ratio(generated, own)) : Optional.empty();
    }

    /** Says what differs from "all tasks"; remarks of the tasks where they agree. */
    private static String remark(Control control, List<TaskResult> results) {
        List<TaskResult> measured = with(results, control);
        List<String> parts = new ArrayList<>();
        if (measured.size() < results.size()) {
            parts.add("measured on " + measured.size() + " of " + results.size() + " tasks");
        }
        List<String> remarks = measured.stream()
                .map(result -> result.measured(control).orElseThrow().remark())
                .distinct()
                .toList();
        if (remarks.size() == 1 && !remarks.getFirst().isEmpty()) {
            parts.add(remarks.getFirst());
        }
        return String.join("; ", parts);
    }

    private static List<TaskResult> with(List<TaskResult> results, Control control) {
        return results.stream()
                .filter(result -> result.measured(control).isPresent())
                .toList();
    }

    private static double accuracy(TaskResult result, Control control) {
        return result.measured(control).orElseThrow().accuracy().orElseThrow();
    }

    private static double[] units(List<TaskResult> results, ToDoubleFunction<TaskResult> value) {
        return results.stream().mapToDouble(value).toArray();
    }

    private static OptionalDouble median(double[] values) {
        if (values.length == 0) {
            return OptionalDouble.empty();
        }
        Arrays.sort(values);
        return OptionalDouble.of(Bootstrap.quantile(values, 0.5));
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tasks", tasks);
        json.put("items", items);
        Map<String, Object> controls = new LinkedHashMap<>();
        for (Row row : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("measured", row.accuracy().isPresent());
            row.accuracy().ifPresent(estimate -> entry.put("accuracy", estimate.toJson()));
            row.advantage().ifPresent(estimate -> entry.put("generated_minus_this", estimate.toJson()));
            if (!row.remark().isEmpty()) {
                entry.put("remark", row.remark());
            }
            controls.put(row.control().label(), entry);
        }
        json.put("controls", controls);
        ownLabelShare.ifPresent(share -> json.put("share_of_own_label_gain", share.toJson()));
        generationSeconds.ifPresent(seconds -> json.put("generation_seconds", seconds));
        trainSeconds.ifPresent(seconds -> json.put("train_seconds", seconds));
        return json;
    }
}
