package org.dndllm.train;

import java.time.Duration;

/**
 * Where a run is.
 *
 * @param step taken so far
 * @param steps in all
 * @param loss of the last step
 * @param learningRate of the last step
 * @param gradientNorm of the last step, before clipping
 * @param elapsed since this process began with the run
 * @param remaining at the speed so far
 */
public record TrainingProgress(
        long step,
        long steps,
        double loss,
        double learningRate,
        double gradientNorm,
        Duration elapsed,
        Duration remaining) {

    static TrainingProgress of(
            long step, long steps, long resumedAt, double loss, double rate, double norm, Duration elapsed) {
        long done = Math.max(1, step - resumedAt);
        Duration remaining = Duration.ofNanos((long) ((double) elapsed.toNanos() / done * (steps - step)));
        return new TrainingProgress(step, steps, loss, rate, norm, elapsed, remaining);
    }
}
