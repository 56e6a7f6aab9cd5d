package org.dndllm.eval;

import java.util.Arrays;
import java.util.Random;

/**
 * Percentile intervals by resampling (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 6 and 13).
 * The resampled units are whole clusters: for a mean over tasks, hand in one value per task; for a paired difference, one
 * difference per task. Items of one task are alike, so resampling single items over tasks would promise too much.
 */
public final class Bootstrap {
    static final int REPLICATES = 10_000;

    private static final double LOW = 0.025;
    private static final double HIGH = 0.975;
    private static final long SEED = 20_250_616;

    private Bootstrap() {}

    /** The mean of {@code units} (at least one) and its interval. A single unit has no spread to see: no width. */
    public static Estimate mean(double[] units) {
        double[] replicates = replicates(units);
        return new Estimate(
                Arrays.stream(units).average().orElseThrow(), quantile(replicates, LOW), quantile(replicates, HIGH));
    }

    /**
     * The ratio of two sums over the same units, such as the gains of two adapters over the tasks, and its interval.
     *
     * @param over one numerator per unit
     * @param under one denominator per unit, of positive sum
     */
    public static Estimate ratio(double[] over, double[] under) {
        Random random = new Random(SEED);
        double[] replicates = new double[REPLICATES];
        for (int replicate = 0; replicate < REPLICATES; replicate++) {
            double above = 0;
            double below = 0;
            for (int i = 0; i < over.length; i++) {
                int drawn = random.nextInt(over.length);
                above += over[drawn];
                below += under[drawn];
            }
            replicates[replicate] = above / below;
        }
        Arrays.sort(replicates);
        return new Estimate(
                Arrays.stream(over).sum() / Arrays.stream(under).sum(),
                quantile(replicates, LOW),
                quantile(replicates, HIGH));
    }

    /** Means of {@value #REPLICATES} resamples, sorted. */
    static double[] replicates(double[] units) {
        Random random = new Random(SEED);
        double[] replicates = new double[REPLICATES];
        for (int replicate = 0; replicate < REPLICATES; replicate++) {
            double sum = 0;
            for (int i = 0; i < units.length; i++) {
                sum += units[random.nextInt(units.length)];
            }
            replicates[replicate] = sum / units.length;
        }
        Arrays.sort(replicates);
        return replicates;
    }

    /**
     * The area under the ROC curve and its interval; tasks are resampled within each class.
     *
     * @param inside scores of tasks that should score low, [tasks][draws]
     * @param outside scores of tasks that should score high, [tasks][draws]
     */
    static Estimate auroc(double[][] inside, double[][] outside) {
        Random random = new Random(SEED);
        int rounds = REPLICATES / 10; // a rank statistic costs a sort each time; 1,000 give two sure digits
        double[] replicates = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            replicates[round] = Auroc.of(resample(inside, random), resample(outside, random));
        }
        Arrays.sort(replicates);
        return new Estimate(
                Auroc.of(flat(inside), flat(outside)), quantile(replicates, LOW), quantile(replicates, HIGH));
    }

    private static double[] resample(double[][] clusters, Random random) {
        double[][] drawn = new double[clusters.length][];
        for (int i = 0; i < drawn.length; i++) {
            drawn[i] = clusters[random.nextInt(clusters.length)];
        }
        return flat(drawn);
    }

    private static double[] flat(double[][] clusters) {
        return Arrays.stream(clusters).flatMapToDouble(Arrays::stream).toArray();
    }

    /** Linear between the two nearest of the sorted values. */
    static double quantile(double[] sorted, double q) {
        double at = q * (sorted.length - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(sorted.length - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
