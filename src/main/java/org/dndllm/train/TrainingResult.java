package org.dndllm.train;

import java.util.OptionalDouble;

/**
 * How a run ended.
 *
 * @param steps taken in all, over every process that worked on it
 * @param loss of the last step
 * @param bestValidationLoss lowest one, where the run validated; the parameters are then those of {@code bestStep}
 * @param bestStep steps taken when it was lowest, or {@code steps}
 * @param stoppedEarly whether patience ended it
 */
public record TrainingResult(
        long steps, double loss, OptionalDouble bestValidationLoss, long bestStep, boolean stoppedEarly) {}
