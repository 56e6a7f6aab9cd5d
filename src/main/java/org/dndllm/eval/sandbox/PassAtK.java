package org.dndllm.eval.sandbox;

import java.util.Arrays;
import org.dndllm.eval.Bootstrap;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;

/**
 * The chance that at least one of k samples passes, estimated without bias from n &ge; k samples of which c passed:
 * 1 - C(n-c, k) / C(n, k) (M. Chen et al., arXiv 2107.03374, equation 1).
 */
public final class PassAtK {
    private PassAtK() {}

    /**
     * The estimate for one problem. No binomial is formed, so large n overflow nothing; small values keep their digits.
     *
     * @param samples n, at least {@code k}
     * @param passed c, of these
     * @param k at least 1
     */
    public static double of(int samples, int passed, int k) {
        if (k < 1 || samples < k || passed < 0 || passed > samples) {
            throw new IllegalArgumentException("pass@" + k + " of " + passed + " in " + samples + " does not exist");
        }
        if (samples - passed < k) {
            return 1;
        }
        double logMiss = 0; // of the product over i = n-c+1..n of (1 - k/i)
        for (int i = samples - passed + 1; i <= samples; i++) {
            logMiss += Math.log1p(-(double) k / i);
        }
        return -Math.expm1(logMiss);
    }

    /**
     * The mean over problems and its 95 % interval: a bootstrap over problems; Wilson's where every problem is at 0 or 1,
     * or all are alike, so that there is nothing to resample. Samples of one problem are alike, so single samples are not resampled.
     *
     * @param problems one estimate for each problem, at least one
     */
    public static Estimate mean(double[] problems) {
        boolean whole = Arrays.stream(problems).allMatch(value -> value == 0 || value == 1);
        boolean alike = Arrays.stream(problems).allMatch(value -> value == problems[0]);
        return whole || alike
                ? Wilson.ofMean(Arrays.stream(problems).average().orElseThrow(), problems.length)
                : Bootstrap.mean(problems);
    }
}
