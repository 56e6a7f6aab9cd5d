package org.dndllm.eval;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What one control reached on one task: the mean over its runs.
 *
 * @param control which
 * @param runs over the same items; empty when it was not measured
 * @param remark why it was not measured, or what to know about the runs; may be empty
 */
public record Measurement(Control control, List<Run> runs, String remark) {
    public Measurement {
        runs = List.copyOf(runs);
    }

    static Measurement missing(Control control, String reason) {
        return new Measurement(control, List.of(), reason);
    }

    /** Whether there is a number. */
    public boolean measured() {
        return !runs.isEmpty();
    }

    /** Mean accuracy over the runs; empty when not measured. */
    public OptionalDouble accuracy() {
        return runs.stream().mapToDouble(Run::accuracy).average();
    }

    /** For every item the share of runs that answer it right. */
    double[] itemMeans() {
        double[] means = new double[runs.getFirst().hits().size()];
        for (Run run : runs) {
            for (int i = 0; i < means.length; i++) {
                means[i] += run.hits().get(i) ? 1.0 / runs.size() : 0;
            }
        }
        return means;
    }

    /**
     * Accuracy with its interval over the items: Wilson's for a single run, else the bootstrap over items.
     *
     * @throws IllegalStateException if it was not measured
     */
    public Estimate estimate() {
        if (!measured()) {
            throw new IllegalStateException(control + " was not measured: " + remark);
        }
        Run first = runs.getFirst();
        return runs.size() == 1 ? Wilson.of(first.right(), first.hits().size()) : Bootstrap.mean(itemMeans());
    }
}
