package org.dndllm.eval.report;

import java.util.Arrays;
import org.dndllm.eval.Estimate;

/**
 * Student's 95 % interval of the mean of a few differences (Student, Biometrika 6, 1908). Resampling two to four of them
 * sees too little of their spread: of two it never leaves the two, which in one case of two do not have the mean between
 * them.
 */
final class StudentMean {
    /** Up to here; then resampling does. */
    static final int MOST = 4;

    /** 97.5 % quantiles for 1 to 3 degrees of freedom. */
    private static final double[] T = {12.7062, 4.3027, 3.1824};

    private StudentMean() {}

    /** @param differences two to {@link #MOST} shares of items, -1 to 1, which the interval keeps to as well */
    static Estimate of(double[] differences) {
        double mean = Arrays.stream(differences).average().orElseThrow();
        double squares = Arrays.stream(differences)
                .map(each -> (each - mean) * (each - mean))
                .sum();
        int freedom = differences.length - 1;
        double reach = T[freedom - 1] * Math.sqrt(squares / freedom / differences.length);
        return new Estimate(mean, Math.max(-1, mean - reach), Math.min(1, mean + reach));
    }
}
