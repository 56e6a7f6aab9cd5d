package org.dndllm.eval.statistics;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Correction for many comparisons (S. Holm, Scandinavian Journal of Statistics 6, 1979): below 0.05 after it, the chance
 * that any of the whole family of true null hypotheses is rejected stays below 5 %, however the tests depend on each other.
 */
public final class Holm {
    private Holm() {}

    /** Adjusted p values, in the given order. */
    public static double[] adjust(double[] p) {
        List<Integer> byValue = IntStream.range(0, p.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> p[i]))
                .toList();
        double[] adjusted = new double[p.length];
        double largest = 0;
        for (int rank = 0; rank < p.length; rank++) {
            int i = byValue.get(rank);
            largest = Math.max(largest, Math.min(1, (p.length - rank) * p[i]));
            adjusted[i] = largest;
        }
        return adjusted;
    }
}
