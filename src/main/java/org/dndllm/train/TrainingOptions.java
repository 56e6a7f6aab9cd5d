package org.dndllm.train;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How a run trains.
 *
 * @param steps optimiser steps in all
 * @param learningRate highest rate
 * @param warmup steps of linear warm-up
 * @param floor rate at the end, as a share of the highest
 * @param tail how many steps at the end belong to a second phase at a constant rate, 0 for none
 * @param tailRate that rate
 * @param weightDecay decoupled, on matrices only
 * @param beta2 decay of the second moment, usually 0.999; lower forgets the large gradients of the beginning sooner
 * @param clip largest norm of all gradients together, 0 for no limit
 * @param accumulate parts of a step whose gradients are averaged
 * @param bfloat16 matrix products of the forward pass in bfloat16
 * @param seed of everything that is drawn
 * @param checkpointEvery steps between checkpoints; there is always one at the end
 * @param validateEvery steps between validations, 0 for none
 * @param patience validations without a better loss after which the run ends, 0 for never
 */
public record TrainingOptions(
        long steps,
        double learningRate,
        long warmup,
        double floor,
        long tail,
        double tailRate,
        double weightDecay,
        double beta2,
        double clip,
        int accumulate,
        boolean bfloat16,
        long seed,
        long checkpointEvery,
        long validateEvery,
        int patience) {

    public TrainingOptions {
        require(steps >= 1, "steps", steps);
        require(weightDecay >= 0, "weightDecay", weightDecay);
        require(beta2 > 0 && beta2 < 1, "beta2", beta2);
        require(clip >= 0, "clip", clip);
        require(accumulate >= 1, "accumulate", accumulate);
        require(checkpointEvery >= 1, "checkpointEvery", checkpointEvery);
        require(validateEvery >= 0, "validateEvery", validateEvery);
        require(patience >= 0, "patience", patience);
        require(tail >= 0 && tail < steps, "tail", tail);
        new CosineSchedule(learningRate, warmup, steps - tail, floor, tailRate); // checks the rest
    }

    /** Plain settings: no decay, no accumulation, clipping at 1, a checkpoint every 200 steps, no validation. */
    public static TrainingOptions of(long steps, double learningRate, long seed) {
        return new TrainingOptions(steps, learningRate, 0, 0, 0, 0, 0, 0.999, 1, 1, false, seed, 200, 0, 0);
    }

    /** Another schedule around the same peak. */
    public TrainingOptions withSchedule(long newWarmup, double newFloor) {
        return new TrainingOptions(
                steps,
                learningRate,
                newWarmup,
                newFloor,
                tail,
                tailRate,
                weightDecay,
                beta2,
                clip,
                accumulate,
                bfloat16,
                seed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** A second phase: the last steps run at a constant rate. */
    public TrainingOptions withTail(long newTail, double newTailRate) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                newTail,
                newTailRate,
                weightDecay,
                beta2,
                clip,
                accumulate,
                bfloat16,
                seed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** Other regularisation. */
    public TrainingOptions withLimits(double newWeightDecay, double newClip) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                tail,
                tailRate,
                newWeightDecay,
                beta2,
                newClip,
                accumulate,
                bfloat16,
                seed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** Another decay of the second moment. */
    public TrainingOptions withBeta2(double newBeta2) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                tail,
                tailRate,
                weightDecay,
                newBeta2,
                clip,
                accumulate,
                bfloat16,
                seed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** Another split of a step, in another precision. */
    public TrainingOptions withCompute(int newAccumulate, boolean newBfloat16) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                tail,
                tailRate,
                weightDecay,
                beta2,
                clip,
                newAccumulate,
                newBfloat16,
                seed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** Other distances between checkpoints and validations. */
    public TrainingOptions withRhythm(long newCheckpointEvery, long newValidateEvery, int newPatience) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                tail,
                tailRate,
                weightDecay,
                beta2,
                clip,
                accumulate,
                bfloat16,
                seed,
                newCheckpointEvery,
                newValidateEvery,
                newPatience);
    }

    /** The same run under another seed. */
    public TrainingOptions withSeed(long newSeed) {
        return new TrainingOptions(
                steps,
                learningRate,
                warmup,
                floor,
                tail,
                tailRate,
                weightDecay,
                beta2,
                clip,
                accumulate,
                bfloat16,
                newSeed,
                checkpointEvery,
                validateEvery,
                patience);
    }

    /** The learning rates. */
    public CosineSchedule schedule() {
        return new CosineSchedule(learningRate, warmup, steps - tail, floor, tailRate);
    }

    /** What decides the numbers of a run, for its checkpoints: a resumed run must have the same. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("steps", steps);
        json.put("learning_rate", learningRate);
        json.put("warmup", warmup);
        json.put("floor", floor);
        json.put("tail", tail);
        json.put("tail_rate", tailRate);
        json.put("weight_decay", weightDecay);
        json.put("beta2", beta2);
        json.put("clip", clip);
        json.put("accumulate", accumulate);
        json.put("bfloat16", bfloat16);
        json.put("seed", seed);
        json.put("validate_every", validateEvery);
        json.put("patience", patience);
        return json;
    }

    private static void require(boolean holds, String name, Number value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " " + value);
        }
    }
}
