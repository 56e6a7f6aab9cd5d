package org.dndllm.eval.statistics;

import java.util.List;

/**
 * The exact test of two conditions on the same items (Q. McNemar, Psychometrika 12, 1947): where both are equally good, an
 * item that only one of them answers falls to either side like a fair coin. Items that both or neither answer say nothing.
 *
 * @param onlyFirst items that only the first condition answers
 * @param onlySecond items that only the second answers
 * @param items all of them, those that say nothing included
 * @param p two-sided; 1 where the conditions never differ
 */
public record McNemar(int onlyFirst, int onlySecond, int items, double p) {

    /** Tests paired hits, item by item; both lists are equally long. */
    public static McNemar of(List<Boolean> first, List<Boolean> second) {
        if (first.size() != second.size()) {
            throw new IllegalArgumentException(first.size() + " hits against " + second.size() + " are no pairs");
        }
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < first.size(); i++) {
            onlyFirst += first.get(i) && !second.get(i) ? 1 : 0;
            onlySecond += second.get(i) && !first.get(i) ? 1 : 0;
        }
        return new McNemar(onlyFirst, onlySecond, first.size(), p(onlyFirst, onlySecond));
    }

    /** Twice the smaller tail of the binomial distribution with 1/2, at most 1. */
    static double p(int one, int other) {
        int n = one + other;
        double tail = 0;
        double logHalf = n * Math.log(0.5);
        double logChoose = 0; // of n over k, from k = 0
        for (int k = 0; k <= Math.min(one, other); k++) {
            tail += Math.exp(logChoose + logHalf);
            logChoose += Math.log(n - k) - Math.log(k + 1.0);
        }
        return Math.min(1, 2 * tail);
    }
}
