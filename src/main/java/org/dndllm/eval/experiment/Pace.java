package org.dndllm.eval.experiment;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Foretells how long the jobs that are left will take, from those that are done. */
final class Pace {
    private final ToDoubleFunction<Trial.Job> weight;
    private final int jobs;
    private double left;
    private double passed;
    private double seconds;
    private int done;

    /** @param weight roughly how long a job takes, in any unit */
    Pace(List<Trial.Job> jobs, ToDoubleFunction<Trial.Job> weight) {
        this.weight = weight;
        this.jobs = jobs.size();
        left = jobs.stream().mapToDouble(weight).sum();
    }

    void done(Trial.Job job, double jobSeconds) {
        double own = weight.applyAsDouble(job);
        left -= own;
        passed += own;
        seconds += jobSeconds;
        done++;
    }

    /** What was measured last, and about how long the rest takes. */
    String line(Trial.Job job, JobResult result) {
        String accuracy = result.accuracy()
                .map(estimate -> String.format(Locale.ROOT, "%.1f %%", 100 * estimate.value()))
                .orElseGet(() -> "not measured, " + result.remark());
        return String.format(
                Locale.ROOT,
                "%d of %d  %s: %s (%.0f s); about %s left",
                done,
                jobs,
                job.name(),
                accuracy,
                result.cost().wallSeconds(),
                left());
    }

    private String left() {
        double rest = Math.max(0, left) * seconds / passed;
        return rest < 90
                ? String.format(Locale.ROOT, "%.0f s", rest)
                : String.format(Locale.ROOT, "%.0f min", rest / 60);
    }
}
