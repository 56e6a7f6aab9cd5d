package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * The accuracies of an evaluation, read back from its {@code report.json}, to be compared with those of others.
 *
 * @param label whose evaluation it is
 * @param items test items over all tasks
 * @param accuracies by control and task; a control that was measured on no task is absent
 */
public record ReportScores(String label, int items, Map<Control, Map<String, Double>> accuracies) {
    public ReportScores {
        Map<Control, Map<String, Double>> copied = new EnumMap<>(Control.class);
        accuracies.forEach((control, byTask) -> copied.put(control, new LinkedHashMap<>(byTask)));
        accuracies = copied;
    }

    /**
     * Reads what {@link ReportFolder} wrote.
     *
     * @throws InvalidInputException if there is no report, or it is malformed
     */
    public static ReportScores read(String label, Path folder) {
        Path file = folder.resolve("report.json");
        Map<Control, Map<String, Double>> accuracies = new EnumMap<>(Control.class);
        int items = 0;
        for (JsonValue.Obj task : json(file).array("tasks").objects()) {
            int count = task.int32("items");
            items += count;
            JsonValue.Obj controls = task.object("controls");
            for (Control control : Control.values()) {
                if (controls.has(control.label())) {
                    JsonValue.Obj entry = controls.object(control.label());
                    if (entry.bool("measured")) {
                        accuracies
                                .computeIfAbsent(control, c -> new LinkedHashMap<>())
                                .put(
                                        task.string("task"),
                                        accuracy(entry.array("runs").objects(), count));
                    }
                }
            }
        }
        return new ReportScores(label, items, accuracies);
    }

    private static double accuracy(List<JsonValue.Obj> runs, int items) {
        return runs.stream()
                .mapToDouble(run -> (double) run.integer("right") / items)
                .average()
                .orElse(0);
    }

    private static JsonValue.Obj json(Path file) {
        try {
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + ")", e);
        }
    }

    boolean measured(Control control) {
        return accuracies.containsKey(control);
    }

    /** Accuracies of a control by task, none where it was not measured. */
    Map<String, Double> of(Control control) {
        return accuracies.getOrDefault(control, Map.of());
    }

    /** Mean of a control over the tasks. */
    Optional<Estimate> accuracy(Control control) {
        return estimate(List.copyOf(of(control).values()), items);
    }

    /** Mean of one control over another's, task by task. */
    Optional<Estimate> difference(Control one, Control other) {
        return difference(of(one), of(other));
    }

    /** Mean difference over the tasks that both have. */
    static Optional<Estimate> difference(Map<String, Double> one, Map<String, Double> other) {
        List<Double> differences = new ArrayList<>();
        one.forEach((task, accuracy) -> {
            Double against = other.get(task);
            if (against != null) {
                differences.add(accuracy - against);
            }
        });
        return differences.isEmpty() ? Optional.empty() : Optional.of(Bootstrap.mean(units(differences)));
    }

    /** Mean over tasks; where these are all alike, Wilson's interval over all items. */
    static Optional<Estimate> estimate(List<Double> byTask, int items) {
        if (byTask.isEmpty()) {
            return Optional.empty();
        }
        Estimate mean = Bootstrap.mean(units(byTask));
        return Optional.of(mean.low() < mean.high() ? mean : Wilson.of((int) Math.round(mean.value() * items), items));
    }

    static double[] units(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
