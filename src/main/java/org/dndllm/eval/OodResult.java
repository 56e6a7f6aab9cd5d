package org.dndllm.eval;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dndllm.engine.OutOfDistribution;

/**
 * How well the out-of-distribution score tells held-out tasks from outside ones.
 *
 * @param heldOut scores of prompt draws by held-out task
 * @param outside scores of prompt draws by outside task
 * @param auroc area under the ROC curve; the interval resamples tasks
 * @param threshold above which prompts count as unlike the training tasks
 */
public record OodResult(
        Map<String, List<Double>> heldOut, Map<String, List<Double>> outside, Estimate auroc, double threshold) {
    public OodResult {
        heldOut = Collections.unmodifiableMap(new TreeMap<>(heldOut));
        outside = Collections.unmodifiableMap(new TreeMap<>(outside));
    }

    /** Scores of several draws by task; both groups have at least one. */
    static OodResult of(
            Map<String, List<OutOfDistribution.Score>> heldOut, Map<String, List<OutOfDistribution.Score>> outside) {
        double threshold = heldOut.values().iterator().next().getFirst().threshold();
        Map<String, List<Double>> low = values(heldOut);
        Map<String, List<Double>> high = values(outside);
        return new OodResult(low, high, Bootstrap.auroc(matrix(low), matrix(high)), threshold);
    }

    private static Map<String, List<Double>> values(Map<String, List<OutOfDistribution.Score>> scores) {
        Map<String, List<Double>> values = new TreeMap<>();
        scores.forEach((task, list) -> values.put(
                task, list.stream().map(OutOfDistribution.Score::value).toList()));
        return values;
    }

    private static double[][] matrix(Map<String, List<Double>> scores) {
        return scores.values().stream()
                .map(list -> list.stream().mapToDouble(Double::doubleValue).toArray())
                .toArray(double[][]::new);
    }

    /** Share of draws above the threshold, 0 to 1. */
    public double flagged(Map<String, List<Double>> group) {
        return group.values().stream()
                .flatMap(List::stream)
                .mapToDouble(score -> score > threshold ? 1 : 0)
                .average()
                .orElse(0);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("auroc", auroc.toJson());
        json.put("threshold", threshold);
        json.put("held_out_flagged", flagged(heldOut));
        json.put("outside_flagged", flagged(outside));
        json.put("held_out", heldOut);
        json.put("outside", outside);
        return json;
    }
}
