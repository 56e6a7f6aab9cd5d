package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.nano.Combination;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.Selection;
import org.dndllm.nano.Transform;
import org.dndllm.nano.WorldTask;

/**
 * Training on all kinds of tasks but one, with conditions and test items of the one left out (arXiv 2506.16406 Table 2,
 * whose generator of common sense meets a science set). A kind is a transform or a selection; those are left out that no
 * validation task is of, since these choose the step. Beside them stand the held-out tasks of the kinds that were trained
 * on.
 */
final class CrossDomain {
    private static final List<Kind> KINDS = List.of(
            new Kind("transform " + Transform.NEXT.label(), rule -> rule.transform() == Transform.NEXT),
            new Kind("selection " + Selection.LARGEST.label(), rule -> rule.selection() == Selection.LARGEST));

    private final List<WorldTask> tasks;

    private CrossDomain(NanoWorld world) {
        tasks = world.tasks();
    }

    /** @param title in words */
    private record Kind(String title, Predicate<Combination> rule) {
        boolean has(WorldTask task) {
            return task.combination().filter(rule).isPresent();
        }

        String job() {
            return "without-" + title.replace(' ', '-');
        }
    }

    /** @param like whose flags all jobs have */
    static Experiment of(NanoRecipe recipe, Job like) {
        CrossDomain world = new CrossDomain(NanoWorld.of(recipe.world()));
        return new Experiment(
                "cross-domain",
                "Does a generator do tasks of a kind that none of its training tasks is of? (arXiv 2506.16406 Table 2)",
                KINDS.stream().map(kind -> world.job(kind, like)).toList(),
                List.of());
    }

    private Job job(Kind kind, Job like) {
        List<WorldTask> others = of(Role.TRAIN).filter(task -> !kind.has(task)).toList();
        Job trained = Experiment.onTasks(kind.job(), "without " + kind.title(), like, others);
        List<String> evaluation = new ArrayList<>();
        Stream.concat(left(kind).stream(), known(kind).stream())
                .forEach(task -> evaluation.addAll(List.of("--task", task)));
        return new Job(trained.name(), trained.title(), trained.flags(), false, false, evaluation);
    }

    private Stream<WorldTask> of(Role role) {
        return tasks.stream().filter(task -> task.role() == role);
    }

    /** All of the kind: none of them was trained on. */
    private Set<String> left(Kind kind) {
        return names(tasks.stream().filter(kind::has));
    }

    /** Held out, of the kinds that were trained on. */
    private Set<String> known(Kind kind) {
        return names(of(Role.HELD_OUT).filter(task -> !kind.has(task)));
    }

    private static Set<String> names(Stream<WorldTask> chosen) {
        return chosen.map(WorldTask::name).collect(Collectors.toCollection(TreeSet::new));
    }

    /** By job the tasks of its left-out kind. */
    static Map<String, Set<String>> leftOut(NanoRecipe recipe) {
        CrossDomain world = new CrossDomain(NanoWorld.of(recipe.world()));
        Map<String, Set<String>> byJob = new LinkedHashMap<>();
        KINDS.forEach(kind -> byJob.put(kind.job(), world.left(kind)));
        return byJob;
    }

    /** By job the held-out tasks of the kinds that it trained on. */
    static Map<String, Set<String>> known(NanoRecipe recipe) {
        CrossDomain world = new CrossDomain(NanoWorld.of(recipe.world()));
        Map<String, Set<String>> byJob = new LinkedHashMap<>();
        KINDS.forEach(kind -> byJob.put(kind.job(), world.known(kind)));
        return byJob;
    }
}
