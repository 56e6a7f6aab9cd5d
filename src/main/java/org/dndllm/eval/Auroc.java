package org.dndllm.eval;

import java.util.Arrays;

/**
 * Area under the ROC curve: the probability that a case scores higher than a non-case, ties counting half (the Wilcoxon
 * form; J. A. Hanley, B. J. McNeil, Radiology 143, 1982).
 */
final class Auroc {
    private Auroc() {}

    /**
     * @param negative scores of the non-cases, at least one
     * @param positive scores of the cases, at least one
     */
    static double of(double[] negative, double[] positive) {
        if (negative.length == 0 || positive.length == 0) {
            throw new IllegalArgumentException("AUROC needs scores of both classes");
        }
        double[] sorted = negative.clone();
        Arrays.sort(sorted);
        double wins = 0;
        for (double score : positive) {
            int below = bound(sorted, score, false);
            int notAbove = bound(sorted, score, true);
            wins += below + 0.5 * (notAbove - below);
        }
        return wins / ((double) negative.length * positive.length);
    }

    /** How many of the sorted values are less than {@code score}, or with {@code orEqual} not greater. */
    private static int bound(double[] sorted, double score, boolean orEqual) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < score || (orEqual && sorted[middle] == score)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
