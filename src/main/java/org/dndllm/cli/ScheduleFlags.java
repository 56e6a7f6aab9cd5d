package org.dndllm.cli;

import org.dndllm.train.TrainingOptions;
import picocli.CommandLine.Option;

/** How long and how fast a generator is trained. */
final class ScheduleFlags {
    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "1000",
            description = "Optimiser steps. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--learning-rate",
            paramLabel = "LR",
            defaultValue = "3e-3",
            description = "Highest learning rate; a cosine leads to 0. Default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = {"--warmup", "--warm-up"},
            paramLabel = "N",
            defaultValue = "50",
            description = "Steps of warm-up. Default: ${DEFAULT-VALUE}.")
    private int warmup;

    @Option(
            names = "--beta2",
            paramLabel = "B",
            defaultValue = "0.99",
            description = "AdamW's second beta. Default: ${DEFAULT-VALUE}.")
    private double beta2;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            defaultValue = "0.01",
            description = "Decoupled weight decay. Default: ${DEFAULT-VALUE}.")
    private double weightDecay;

    @Option(
            names = "--clip",
            paramLabel = "C",
            defaultValue = "1",
            description = "Largest norm of all gradients, 0 for no limit. Default: ${DEFAULT-VALUE}.")
    private double clip;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            defaultValue = "1",
            description = "Parts of a step, each with its own tasks. Default: ${DEFAULT-VALUE}.")
    private int accumulate;

    @Option(
            names = "--validate-every",
            paramLabel = "N",
            defaultValue = "50",
            description =
                    "Steps between validations, 0 for none; the best weights are kept. Default:" + " ${DEFAULT-VALUE}.")
    private int validateEvery;

    @Option(
            names = "--patience",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Validations without a better loss that end the run, 0 for never. Default:" + " ${DEFAULT-VALUE}.")
    private int patience;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "100",
            description = "Steps between the points from which a killed run goes on. Default: ${DEFAULT-VALUE}.")
    private int checkpointEvery;

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of fresh weights and of all draws. Default: ${DEFAULT-VALUE}.")
    private long seed;

    TrainingOptions options(boolean bfloat16) {
        Flags.atLeast("--steps", steps, 1);
        Flags.atLeast("--warmup", warmup, 0);
        Flags.atLeast("--accumulate", accumulate, 1);
        Flags.atLeast("--validate-every", validateEvery, 0);
        Flags.atLeast("--patience", patience, 0);
        Flags.atLeast("--checkpoint-every", checkpointEvery, 1);
        Flags.range("--learning-rate", learningRate, Double.MIN_VALUE, 1);
        Flags.range("--beta2", beta2, 0.5, 0.99999);
        Flags.range("--weight-decay", weightDecay, 0, 100);
        Flags.range("--clip", clip, 0, Double.MAX_VALUE);
        return TrainingOptions.of(steps, learningRate, seed)
                .withSchedule(Math.min(warmup, steps - 1), 0)
                .withBeta2(beta2)
                .withLimits(weightDecay, clip)
                .withCompute(accumulate, bfloat16)
                .withRhythm(checkpointEvery, validateEvery, patience);
    }
}
