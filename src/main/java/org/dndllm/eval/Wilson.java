package org.dndllm.eval;

/**
 * The score interval of one proportion (E. B. Wilson 1927; method 3 of R. G. Newcombe, Statistics in Medicine 17, 1998):
 * never outside 0 to 1, and honest near both ends, where the textbook interval has no width at all.
 */
public final class Wilson {
    /** 97.5 % quantile of the standard normal distribution. */
    private static final double Z = 1.959963984540054;

    private Wilson() {}

    /**
     * The interval of a share.
     *
     * @param hits how many of {@code items} are right
     * @param items at least 1
     */
    public static Estimate of(int hits, int items) {
        if (items < 1 || hits < 0 || hits > items) {
            throw new IllegalArgumentException(hits + " of " + items + " is no proportion");
        }
        return ofMean((double) hits / items, items);
    }

    /**
     * The interval of a mean of values between 0 and 1. It is wide rather than narrow: such values vary at most as much
     * as hits and misses of the same mean.
     *
     * @param share the mean, 0 to 1
     * @param items how many values it is the mean of, at least 1
     */
    public static Estimate ofMean(double share, int items) {
        double zz = Z * Z;
        double centre = share + zz / (2 * items);
        double spread = Z * Math.sqrt(share * (1 - share) / items + zz / (4.0 * items * items));
        double scale = 1 + zz / items;
        return new Estimate(
                share,
                share == 0 ? 0 : (centre - spread) / scale, // rounding would leave 1e-17 there
                share == 1 ? 1 : (centre + spread) / scale);
    }
}
