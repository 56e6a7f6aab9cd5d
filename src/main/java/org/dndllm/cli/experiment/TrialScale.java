package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;

/**
 * How far experiments on a bundle can vary its inputs.
 *
 * @param prompts that the bundle reads
 * @param rank of its adapters
 * @param pool training prompts that every held-out task has; 0 without such a task
 * @param tuningSteps of a LoRA on a task's own labels; empty where nothing declares them
 */
public record TrialScale(int prompts, int rank, int pool, OptionalLong tuningSteps) {
    /** Ranks up to here are all cut to. */
    private static final int SMALL_RANK = 4;

    private static final List<Integer> LABELS = List.of(4, 16, 64, 256);

    /** That of a bundle on a set. */
    public static TrialScale of(GeneratorBundle bundle, TaskFolder tasks, SetPlan plan) {
        BundleManifest manifest = bundle.manifest();
        int pool = tasks.names(TaskRole.HELD_OUT).stream()
                .mapToInt(name -> tasks.task(name).train().size())
                .min()
                .orElse(0);
        return new TrialScale(
                bundle.prompts(),
                manifest.layout().rank(),
                pool,
                plan.tuning().map(tuning -> OptionalLong.of(tuning.steps())).orElse(OptionalLong.empty()));
    }

    /** Numbers of prompts: powers of two, the bundle's own, and all that there are. */
    List<Integer> counts() {
        TreeSet<Integer> counts = new TreeSet<>(List.of(1, prompts));
        for (int count = 2; count < pool; count *= 2) {
            counts.add(count);
        }
        if (pool > 0) {
            counts.add(pool);
        }
        return List.copyOf(counts);
    }

    /** Sizes of pools, from a quarter of what the bundle reads on. */
    List<Integer> pools() {
        return counts().stream().filter(count -> 4 * count >= prompts).toList();
    }

    /** Ranks below the generator's own. */
    List<Integer> ranks() {
        return IntStream.range(1, rank)
                .filter(low -> low <= SMALL_RANK || Integer.bitCount(low) == 1)
                .boxed()
                .toList();
    }

    /** Numbers of labelled items, and all that there are. */
    List<Integer> labels() {
        List<Integer> labels =
                new ArrayList<>(LABELS.stream().filter(count -> count < pool).toList());
        if (pool > 0) {
            labels.add(pool);
        }
        return labels;
    }

    /** About a seventh and a third of a run. */
    static List<Long> fewer(long steps) {
        return LongStream.of(steps * 2 / 15, steps / 3)
                .filter(few -> few > 0)
                .boxed()
                .toList();
    }
}
