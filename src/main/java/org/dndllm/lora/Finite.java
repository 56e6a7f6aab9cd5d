package org.dndllm.lora;

/** Fast scans for values that are not finite. */
final class Finite {
    private static final int MAGNITUDE = 0x7fffffff;

    private Finite() {}

    /**
     * Largest magnitude in {@code values[from .. from+n)}; infinite or NaN when one of them is. Compares bit patterns as
     * integers, where NaN lies above infinity and infinity above all else, in four independent chains: one maximum chain
     * would wait for itself at every step.
     */
    static float largestMagnitude(float[] values, int from, int n) {
        int m0 = 0;
        int m1 = 0;
        int m2 = 0;
        int m3 = 0;
        int i = from;
        int end = from + n;
        for (; i + 3 < end; i += 4) {
            m0 = Math.max(m0, Float.floatToRawIntBits(values[i]) & MAGNITUDE);
            m1 = Math.max(m1, Float.floatToRawIntBits(values[i + 1]) & MAGNITUDE);
            m2 = Math.max(m2, Float.floatToRawIntBits(values[i + 2]) & MAGNITUDE);
            m3 = Math.max(m3, Float.floatToRawIntBits(values[i + 3]) & MAGNITUDE);
        }
        for (; i < end; i++) {
            m0 = Math.max(m0, Float.floatToRawIntBits(values[i]) & MAGNITUDE);
        }
        return Float.intBitsToFloat(Math.max(Math.max(m0, m1), Math.max(m2, m3)));
    }

    /** Index of the first value that is not finite, or -1. */
    static int firstBad(float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return i;
            }
        }
        return -1;
    }
}
