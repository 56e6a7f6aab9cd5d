package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.encoder.ConditionText;
import org.dndllm.train.generator.GeneratorSettings;
import org.dndllm.train.generator.Objective;
import org.dndllm.train.generator.TaskSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What a generator is trained for, and on which data. */
final class ObjectiveFlags {
    @Option(
            names = "--objective",
            paramLabel = "O",
            defaultValue = "task",
            description = "task: answers of the frozen base under the generated adapter. recon: weight tokens of"
                    + " collected checkpoints. recon+task: both. Default: ${DEFAULT-VALUE}.")
    private String objective = "task";

    @Option(
            names = "--lora-dir",
            paramLabel = "DIR",
            description = "Checkpoints of the tasks, DIR/TASK/*, from dnd collect; for recon.")
    private @Nullable Path loraDir;

    @Option(
            names = "--recon-weight",
            paramLabel = "W",
            defaultValue = "1",
            description = "Factor of recon within recon+task. Default: ${DEFAULT-VALUE}.")
    private double reconWeight;

    @Option(
            names = "--tasks-per-step",
            paramLabel = "G",
            defaultValue = "8",
            description = "Tasks at a time. Default: ${DEFAULT-VALUE}.")
    private int tasksPerStep;

    @Option(
            names = "--items-per-task",
            paramLabel = "S",
            defaultValue = "16",
            description = "Labelled items of each that are scored. Default: ${DEFAULT-VALUE}.")
    private int itemsPerTask;

    @Option(
            names = "--validation-items",
            paramLabel = "N",
            defaultValue = "64",
            description = "Most items of a validation task that are scored. Default: ${DEFAULT-VALUE}.")
    private int validationItems;

    @Option(
            names = "--condition-text",
            paramLabel = "T",
            defaultValue = "prompts",
            description = "prompts, prompts+answers, or mixed (4:1). Default: ${DEFAULT-VALUE}.")
    private String conditionText = "prompts";

    @Option(
            names = "--pool",
            paramLabel = "X",
            defaultValue = "0",
            description =
                    "Prompts of each training task that conditions are drawn from, a fixed choice of the seed; 0 for"
                            + " all. As many as --prompts: the whole pool is every condition. Labelled items are scored beyond the"
                            + " pool too, and tasks of the role validation have all their prompts. Default: ${DEFAULT-VALUE}.")
    private int pool;

    @Option(names = "--task-list", paramLabel = "NAME", split = ",", description = "Train on these tasks only.")
    private List<String> taskList = List.of();

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Longer items are not scored. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(
            names = "--memory",
            paramLabel = "MIB",
            defaultValue = "2048",
            description = "Most memory for encoded prompts, and again for checkpoints. Prompts beyond it are encoded"
                    + " anew in every step. Default: ${DEFAULT-VALUE}.")
    private int memory;

    GeneratorSettings settings() {
        Flags.atLeast("--tasks-per-step", tasksPerStep, 1);
        Flags.atLeast("--items-per-task", itemsPerTask, 1);
        Flags.atLeast("--validation-items", validationItems, 1);
        Flags.range("--recon-weight", reconWeight, Double.MIN_VALUE, 1e9);
        return new GeneratorSettings(
                Objective.named(objective), tasksPerStep, itemsPerTask, reconWeight, validationItems);
    }

    /**
     * What to read of a task folder.
     *
     * @param prompts N of the generator
     */
    TaskSet.Selection selection(int prompts, long seed) {
        Flags.atLeast("--pool", pool, 0);
        Flags.atLeast("--max-tokens", maxTokens, 2);
        ConditionText text = ConditionText.named(conditionText)
                .orElseThrow(() -> Flags.wrong(
                        "--condition-text",
                        "is '" + conditionText + "', expected one of [prompts, prompts+answers, mixed]"));
        return new TaskSet.Selection(taskList, text, pool, prompts, maxTokens, seed);
    }

    /** Where the checkpoints are; present where the objective needs them. */
    Optional<Path> checkpoints(Objective chosen) {
        if (chosen.reconstructs() != (loraDir != null)) {
            throw Flags.wrong(
                    "--lora-dir",
                    chosen.reconstructs()
                            ? "is missing: " + chosen.label() + " reconstructs checkpoints; make them with dnd collect"
                            : "has no use for the objective " + chosen.label() + "; leave it out, or choose recon");
        }
        return Optional.ofNullable(loraDir);
    }

    long memoryBytes() {
        Flags.atLeast("--memory", memory, 1);
        return (long) memory << 20;
    }
}
