package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.eval.PoolTable;
import org.dndllm.eval.ReportScores;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.TrainingCost;

/**
 * Pools of prompts that a generator learns from: a whole pool read at a time, and 64 prompts drawn from it in every step
 * (arXiv 2506.16406 Figure 4a, which draws 128). Pools of one seed are nested, so a larger one differs by what it has more.
 * A generator reads as many prompts when it is evaluated as in its training; those are of unseen tasks, whose prompts no
 * pool limits.
 */
public final class TrainingPool {
    static final String NAME = "training-pool";

    /** What the recipe draws. */
    static final int DRAWN = 64;

    private static final String PROMPTS = "--prompts";
    private static final String POOL = "--pool";

    /** By prompts at a time: what earlier jobs of a process leave in memory then hides less of a later job's own. */
    private static final List<Size> SIZES = List.of(
            new Size(16, 16),
            new Size(32, 32),
            new Size(DRAWN, 64),
            new Size(DRAWN, 128),
            new Size(DRAWN, 256),
            new Size(128, 128),
            new Size(256, 256));

    private TrainingPool() {}

    /** @param prompts of a condition */
    private record Size(int prompts, int pool) {
        Job job(Job like) {
            List<String> flags = Experiment.with(like.flags(), PROMPTS, String.valueOf(prompts));
            return new Job(
                    name(prompts, pool),
                    prompts + " of " + pool,
                    Experiment.with(flags, POOL, String.valueOf(pool)),
                    false,
                    false);
        }
    }

    static String name(int prompts, int pool) {
        return "prompts-" + prompts + "-of-" + pool;
    }

    /** @param shipped the recipe, which draws from all prompts of a task */
    static Experiment of(NanoRecipe recipe, Job shipped) {
        List<Job> jobs = new ArrayList<>();
        SIZES.forEach(size -> jobs.add(size.job(shipped)));
        jobs.add(Experiment.titled(shipped, DRAWN + " of all " + recipe.world().trainItems()));
        return new Experiment(
                NAME,
                "Should a generator learn from whole pools of prompts, or from a few drawn anew in every step, and what"
                        + " memory does that take? (arXiv 2506.16406 Figure 4a)",
                jobs,
                List.of());
    }

    /**
     * Both series over the size of the pool, with the memory of training; none for another experiment.
     *
     * @param scores of the jobs that are done, by name
     * @param costs of at least the same jobs
     */
    public static Optional<ReportTable> table(
            Experiment experiment, Map<String, ReportScores> scores, Map<String, TrainingCost> costs) {
        if (!experiment.name().equals(NAME) || scores.isEmpty()) {
            return Optional.empty();
        }
        List<PoolTable.Generator> generators = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            ReportScores done = scores.get(job.name());
            if (done != null) {
                generators.add(new PoolTable.Generator(
                        Integer.parseInt(Experiment.value(job.flags(), PROMPTS)),
                        pool(job),
                        done,
                        costs.getOrDefault(job.name(), TrainingCost.UNKNOWN)));
            }
        }
        return Optional.of(new PoolTable(DRAWN, generators).table());
    }

    private static int pool(Job job) {
        return job.flags().contains(POOL)
                ? Integer.parseInt(Experiment.value(job.flags(), POOL))
                : NanoRecipe.standard().world().trainItems();
    }
}
