package org.dndllm.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.OutOfDistribution;

/**
 * An evaluation as a whole.
 *
 * @param facts models, seeds and settings, for the record
 * @param results per task; may be empty when only out-of-distribution scores were asked for
 * @param ood where it was asked for
 */
public record EvalReport(Map<String, Object> facts, List<TaskResult> results, Optional<OodResult> ood) {
    public EvalReport {
        facts = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        results = List.copyOf(results);
    }

    /** Means over the tasks, where tasks were evaluated. */
    public Optional<Summary> summary() {
        return results.isEmpty() ? Optional.empty() : Optional.of(Summary.of(results));
    }

    /** Warnings of all tasks. */
    public List<String> warnings() {
        return results.stream().flatMap(result -> result.warnings().stream()).toList();
    }

    /** As JSON values; answers are left to the CSV file. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>(facts);
        summary().ifPresent(summary -> json.put("summary", summary.toJson()));
        json.put("tasks", results.stream().map(EvalReport::task).toList());
        ood.ifPresent(result -> json.put("out_of_distribution", result.toJson()));
        json.put("warnings", warnings());
        return json;
    }

    private static Map<String, Object> task(TaskResult result) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task", result.task());
        result.role().ifPresent(role -> json.put("role", role.label()));
        json.put("items", result.items().size());
        Map<String, Object> controls = new LinkedHashMap<>();
        result.measurements().forEach(m -> controls.put(m.control().label(), measurement(m)));
        json.put("controls", controls);
        json.put("generation_seconds", result.generationSeconds());
        result.trainSeconds().ifPresent(seconds -> json.put("train_seconds", seconds));
        json.put(
                "out_of_distribution",
                result.scores().stream()
                        .map(score -> OutOfDistribution.Score.json(Optional.of(score)))
                        .toList());
        return json;
    }

    private static Map<String, Object> measurement(Measurement measurement) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("measured", measurement.measured());
        if (measurement.measured()) {
            json.put("accuracy", measurement.estimate().toJson());
            List<Map<String, Object>> runs = new ArrayList<>();
            for (Run run : measurement.runs()) {
                runs.add(Map.of("label", run.label(), "right", run.right()));
            }
            json.put("runs", runs);
        }
        if (!measurement.remark().isEmpty()) {
            json.put("remark", measurement.remark());
        }
        return json;
    }
}
