package org.dndllm.train;

/** Seeds made of seeds, so that every draw is a function of the run's seed and of its place in the run. */
public final class Seeds {
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    private Seeds() {}

    /** A seed for one place among many; SplitMix64's finaliser (Steele, Lea, Flood 2014) after each part. */
    public static long mix(long seed, long... place) {
        long mixed = finish(seed + GOLDEN);
        for (long part : place) {
            mixed = finish(mixed + GOLDEN * (part + 1));
        }
        return mixed;
    }

    private static long finish(long z) {
        long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }
}
