package org.dndllm.nano;

import java.util.List;
import java.util.Random;

/** Hashes and seeded draws that are the same on every JDK. */
final class Mixing {
    private Mixing() {}

    /** 64 well-mixed bits of a text: FNV-1a, then the finaliser of SplitMix64. */
    static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
        }
        return mixed(hash);
    }

    /**
     * The draws of one text. The seed is mixed first: plain {@link Random} starts almost alike for neighbouring seeds.
     *
     * @param stream what is drawn, so that different kinds of text do not follow each other
     */
    static Random random(long seed, String stream, long index) {
        return new Random(mixed(mixed(seed ^ hash(stream)) + index));
    }

    /** One element, each with the same probability. */
    static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    /** An index below {@code bound} other than {@code not}, each with the same probability. */
    static int other(Random random, int not, int bound) {
        return (not + 1 + random.nextInt(bound - 1)) % bound;
    }

    private static long mixed(long z) {
        z = (z + 0x9e3779b97f4a7c15L);
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
