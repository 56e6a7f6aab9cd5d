package org.dndllm.train;

/**
 * Learning rate over the steps of a run: a linear warm-up, then half a cosine down to a floor.
 *
 * @param peak highest rate
 * @param warmup steps until the peak, 0 for none
 * @param steps of the whole run
 * @param floor the rate after the last step, as a share of the peak; 1 keeps the rate constant after the warm-up
 */
public record CosineSchedule(double peak, long warmup, long steps, double floor) {
    public CosineSchedule {
        if (!(peak > 0) || !Double.isFinite(peak)) {
            throw new IllegalArgumentException("peak " + peak);
        }
        if (warmup < 0 || steps < 1 || !(floor >= 0 && floor <= 1)) {
            throw new IllegalArgumentException("warmup " + warmup + ", steps " + steps + ", floor " + floor);
        }
    }

    /** The rate of step {@code step}, counted from 0; the first one is never 0. */
    public double rate(long step) {
        if (step < warmup) {
            return peak * (step + 1) / warmup;
        }
        double progress = Math.min(1, (double) (step - warmup) / Math.max(1, steps - warmup));
        // StrictMath gives the same bits on every machine, so that runs can be compared.
        return peak * (floor + (1 - floor) * 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress)));
    }
}
