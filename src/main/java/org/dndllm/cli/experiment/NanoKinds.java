package org.dndllm.cli.experiment;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.nano.Combination;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.Selection;
import org.dndllm.nano.Transform;
import org.dndllm.nano.WorldTask;

/**
 * Kinds of nano tasks, and of their answers. Kinds that can be left out are a transform or a selection: those that no validation task is of, since these
 * choose the step.
 */
final class NanoKinds {
    private NanoKinds() {}

    static List<SetPlan.Kind> of(NanoWorld world) {
        return List.of(
                kind(
                        world,
                        "transform " + Transform.NEXT.label(),
                        combination -> combination.transform() == Transform.NEXT),
                kind(
                        world,
                        "selection " + Selection.LARGEST.label(),
                        combination -> combination.selection() == Selection.LARGEST));
    }

    private static SetPlan.Kind kind(NanoWorld world, String title, Predicate<Combination> rule) {
        Predicate<WorldTask> ofIt = task -> task.combination().filter(rule).isPresent();
        return new SetPlan.Kind(
                "without-" + title.replace(' ', '-'),
                title,
                names(world.tasks().stream().filter(ofIt)),
                names(world.tasks(Role.HELD_OUT).stream().filter(ofIt.negate())));
    }

    /** Held-out tasks by what the transform makes of a letter. */
    static List<SetPlan.AnswerType> answers(NanoWorld world) {
        return List.of(
                answers(world, "a letter", EnumSet.of(Transform.SAME, Transform.NEXT, Transform.PREVIOUS)),
                answers(world, "a capital letter", EnumSet.of(Transform.UPPER)),
                answers(world, "two letters", EnumSet.of(Transform.DOUBLED)),
                answers(world, "a word", EnumSet.of(Transform.WORD)));
    }

    private static SetPlan.AnswerType answers(NanoWorld world, String title, Set<Transform> transforms) {
        return new SetPlan.AnswerType(
                title,
                names(world.tasks(Role.HELD_OUT).stream()
                        .filter(task -> task.combination()
                                .filter(combination -> transforms.contains(combination.transform()))
                                .isPresent())));
    }

    private static Set<String> names(Stream<WorldTask> chosen) {
        return chosen.map(WorldTask::name).collect(Collectors.toUnmodifiableSet());
    }
}
