package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Training on all kinds of tasks but one, with conditions and test items of the one left out (arXiv 2506.16406 Table 2,
 * whose generator of common sense meets a science set). Beside them stand the held-out tasks of the kinds that were trained
 * on.
 */
final class CrossDomain {
    private CrossDomain() {}

    /** @param like whose flags all jobs have */
    static Experiment of(SetPlan plan, Job like) {
        return new Experiment(
                "cross-domain",
                "Does a generator do tasks of a kind that none of its training tasks is of? (arXiv 2506.16406 Table 2)",
                plan.kinds().stream().map(kind -> job(plan, kind, like)).toList(),
                List.of());
    }

    private static Job job(SetPlan plan, SetPlan.Kind kind, Job like) {
        List<String> others = plan.training().stream()
                .filter(task -> !kind.tasks().contains(task))
                .toList();
        Job trained = Experiment.onTasks(kind.job(), "without " + kind.title(), like, others);
        List<String> evaluation = new ArrayList<>();
        Stream.concat(kind.tasks().stream(), kind.known().stream())
                .forEach(task -> evaluation.addAll(List.of("--task", task)));
        return new Job(trained.name(), trained.title(), trained.flags(), false, false, evaluation);
    }
}
