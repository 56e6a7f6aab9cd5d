package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.dndllm.eval.PoolTable;
import org.dndllm.eval.ReportScores;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.TrainingCost;

/**
 * Pools of prompts that a generator learns from: a whole pool read at a time, and as many prompts as the recipe has drawn
 * from it in every step (arXiv 2506.16406 Figure 4a, which draws 128). Pools of one seed are nested, so a larger one differs
 * by what it has more. A generator reads as many prompts when it is evaluated as in its training; those are of unseen tasks,
 * whose prompts no pool limits.
 */
public final class TrainingPool {
    static final String NAME = "training-pool";

    private static final String PROMPTS = "--prompts";
    private static final String POOL = "--pool";

    private TrainingPool() {}

    /** @param shipped the recipe, which draws from all prompts of a task */
    static Experiment of(SetPlan plan, Job shipped) {
        int drawn = prompts(shipped);
        List<Job> jobs = new ArrayList<>();
        // By prompts at a time: what earlier jobs of a process leave in memory then hides less of a later job's own.
        plan.pools().stream().filter(size -> size < drawn).forEach(size -> jobs.add(job(shipped, size, size)));
        plan.pools().stream().filter(size -> size >= drawn).forEach(size -> jobs.add(job(shipped, drawn, size)));
        plan.pools().stream().filter(size -> size > drawn).forEach(size -> jobs.add(job(shipped, size, size)));
        jobs.add(Experiment.titled(shipped, drawn + " of all"));
        return new Experiment(
                NAME,
                "Should a generator learn from whole pools of prompts, or from " + drawn
                        + " drawn anew in every step, and what memory does that take? (arXiv 2506.16406 Figure 4a)",
                jobs,
                List.of());
    }

    private static Job job(Job like, int prompts, int pool) {
        List<String> flags = Experiment.with(like.flags(), PROMPTS, String.valueOf(prompts));
        return new Job(
                name(prompts, pool),
                prompts + " of " + pool,
                Experiment.with(flags, POOL, String.valueOf(pool)),
                like.checkpoints(),
                false);
    }

    /** Of the job that reads so many prompts of a pool of such a size at a time. */
    static String name(int prompts, int pool) {
        return "prompts-" + prompts + "-of-" + pool;
    }

    /** That a job reads at a time. */
    static int prompts(Job job) {
        return Integer.parseInt(Experiment.value(job.flags(), PROMPTS));
    }

    private static OptionalInt pool(Job job) {
        return job.flags().contains(POOL)
                ? OptionalInt.of(Integer.parseInt(Experiment.value(job.flags(), POOL)))
                : OptionalInt.empty();
    }

    /**
     * Both series over the size of the pool, with the memory of training; none for another experiment.
     *
     * @param scores of the jobs that are done, by name
     * @param costs of the same jobs
     */
    public static Optional<ReportTable> table(
            Experiment experiment, Map<String, ReportScores> scores, Map<String, TrainingCost> costs) {
        if (!experiment.name().equals(NAME) || scores.isEmpty()) {
            return Optional.empty();
        }
        List<PoolTable.Generator> generators = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            ReportScores done = scores.get(job.name());
            TrainingCost cost = costs.get(job.name());
            if (done != null && cost != null) {
                generators.add(new PoolTable.Generator(prompts(job), pool(job), done, cost));
            }
        }
        return Optional.of(new PoolTable(prompts(experiment.jobs().getLast()), generators).table());
    }
}
