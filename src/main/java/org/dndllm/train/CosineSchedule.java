package org.dndllm.train;

/**
 * Learning rate over the steps of a run: a linear warm-up, half a cosine down to a floor, and for runs with a second
 * phase a tail at a constant rate.
 *
 * @param peak highest rate
 * @param warmup steps until the peak, 0 for none
 * @param steps of the run without its tail
 * @param floor the rate after the last of them, as a share of the peak; 1 keeps the rate constant after the warm-up
 * @param tailRate rate of all steps after those
 */
public record CosineSchedule(double peak, long warmup, long steps, double floor, double tailRate) {
    public CosineSchedule {
        if (!(peak > 0) || !Double.isFinite(peak) || !(tailRate >= 0) || !Double.isFinite(tailRate)) {
            throw new IllegalArgumentException("peak " + peak + ", tail " + tailRate);
        }
        if (warmup < 0 || steps < 1 || !(floor >= 0 && floor <= 1)) {
            throw new IllegalArgumentException("warmup " + warmup + ", steps " + steps + ", floor " + floor);
        }
    }

    /** The rate of step {@code step}, counted from 0; the first one is never 0. */
    public double rate(long step) {
        if (step >= steps) {
            return tailRate;
        }
        if (step < warmup) {
            return peak * (step + 1) / warmup;
        }
        double progress = (double) (step - warmup) / (steps - warmup);
        // StrictMath gives the same bits on every machine, so that runs can be compared.
        return peak * (floor + (1 - floor) * 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress)));
    }
}
