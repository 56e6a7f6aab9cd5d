package org.dndllm.cli.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.WorldTask;

/**
 * What the experiments on a set of base model, encoder and tasks are: how its generators and LoRAs are trained, and which of
 * its training tasks are left out or taken alone.
 *
 * @param compact how the compact generator is trained; with a {@code --seed}
 * @param paper how one of the paper's family is, where there is one
 * @param text whether the nano sentence encoder's text is right for encoders of other kinds
 * @param training tasks of the role {@code train}
 * @param fewer subsets of these, growing
 * @param narrow as many tasks as in one of {@code fewer}, but less varied
 * @param leftOut tasks that are left out, one after the other
 * @param kinds of tasks that are left out, one after the other
 * @param answers held-out tasks by what their answers look like
 * @param pools sizes of pools of prompts that a generator learns from, growing; where there are any, {@code compact} has
 *     {@code --prompts}
 * @param tuning of LoRAs on a task's own labels, where it is declared
 */
public record SetPlan(
        NanoRecipe.Generator compact,
        Optional<NanoRecipe.Generator> paper,
        boolean text,
        List<String> training,
        List<Subset> fewer,
        Optional<Subset> narrow,
        List<String> leftOut,
        List<Kind> kinds,
        List<AnswerType> answers,
        List<Integer> pools,
        Optional<Tuning> tuning) {
    /** Its file in a set folder. */
    public static final String FILE = "experiments.json";

    public SetPlan {
        training = List.copyOf(training);
        fewer = List.copyOf(fewer);
        leftOut = List.copyOf(leftOut);
        kinds = List.copyOf(kinds);
        answers = List.copyOf(answers);
        pools = List.copyOf(pools);
    }

    /**
     * Training tasks.
     *
     * @param job name of the job that learns from them
     * @param title for tables
     */
    public record Subset(String job, String title, List<String> tasks) {
        public Subset {
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * A kind of tasks.
     *
     * @param job name of the job that learns from the others
     * @param title in words
     * @param tasks all that are of it, of whatever role
     * @param known held-out tasks that are not of it
     */
    public record Kind(String job, String title, Set<String> tasks, Set<String> known) {
        public Kind {
            tasks = Collections.unmodifiableSet(new TreeSet<>(tasks));
            known = Collections.unmodifiableSet(new TreeSet<>(known));
        }
    }

    /**
     * What answers look like.
     *
     * @param title in words, after "answers are"
     * @param tasks held out, at least one
     */
    public record AnswerType(String title, Set<String> tasks) {
        public AnswerType {
            tasks = Collections.unmodifiableSet(new TreeSet<>(tasks));
        }
    }

    /**
     * How LoRAs are tuned on labels.
     *
     * @param recipe kind of adapter, batch and schedule
     * @param initSeed of A
     */
    public record Tuning(NanoRecipe.Adapters recipe, long initSeed) {
        /** Optimiser steps. */
        long steps() {
            return recipe.training().steps();
        }
    }

    /**
     * That of a set folder: as its {@code experiments.json} says, or the nano set's where there is none.
     *
     * @throws org.dndllm.InvalidInputException naming file and field, when that is malformed or names a task that is not
     *     there
     */
    public static SetPlan of(Path set) {
        return SetPlanFile.of(set);
    }

    /** That of the nano set that ships. */
    public static SetPlan nano() {
        NanoRecipe recipe = NanoRecipe.standard();
        NanoWorld world = NanoWorld.of(recipe.world());
        List<Subset> fewer = new ArrayList<>();
        for (int count : new int[] {4, 8, 16}) {
            fewer.add(new Subset("tasks-" + count, count + " tasks", names(world.trainingSubset(count))));
        }
        return new SetPlan(
                generator(recipe, "compact").orElseThrow(),
                generator(recipe, "paper"),
                true,
                names(world.tasks(Role.TRAIN)),
                fewer,
                Optional.of(
                        new Subset("tasks-16-narrow", "16 tasks of four topics", names(world.narrowTrainingSubset()))),
                names(world.trainingSubset(4)),
                NanoKinds.of(world),
                NanoKinds.answers(world),
                List.of(16, 32, 64, 128, 256),
                Optional.of(new Tuning(recipe.adapters(), recipe.world().seed())));
    }

    private static Optional<NanoRecipe.Generator> generator(NanoRecipe recipe, String family) {
        return recipe.generators().stream()
                .filter(generator -> generator.family().equals(family))
                .findFirst();
    }

    private static List<String> names(List<WorldTask> tasks) {
        return tasks.stream().map(WorldTask::name).toList();
    }
}
