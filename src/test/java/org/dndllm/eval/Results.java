package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.dndllm.engine.OutOfDistribution;

/** Results made up for tests. */
final class Results {
    private Results() {}

    /** A run with the first {@code right} of {@code items} answers right. */
    static Run run(String label, int right, int items) {
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < items; i++) {
            answers.add(i < right ? "yes" : "no, \"" + i + "\"");
        }
        return Run.of(label, items(items), answers);
    }

    static List<TaskItem> items(int count) {
        List<TaskItem> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(new TaskItem("question " + i, "yes", ""));
        }
        return items;
    }

    /** A task of ten items: right answers per control, one run each; a negative number means not measured. */
    static TaskResult task(String name, Map<Control, Integer> right) {
        List<Measurement> measurements = new ArrayList<>();
        for (Control control : Control.values()) {
            Integer hits = right.get(control);
            if (hits != null) {
                measurements.add(
                        hits < 0
                                ? Measurement.missing(control, "nothing to load")
                                : new Measurement(control, List.of(run(control.label(), hits, 10)), ""));
            }
        }
        return new TaskResult(
                name,
                Optional.of(TaskRole.HELD_OUT),
                items(10),
                measurements,
                List.of(0.02, 0.04),
                OptionalDouble.of(60),
                List.of(new OutOfDistribution.Score(1.5, 1.2)),
                List.of(name + " is made up"));
    }
}
