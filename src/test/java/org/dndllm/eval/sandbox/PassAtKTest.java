package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PassAtKTest {

    /**
     * Expected values: the product form of arXiv 2107.03374, figure 3, in numpy 2.4.6; and exact binomials in Python 3.11
     * ({@code 1 - Fraction(comb(n-c, k), comb(n, k))}). The first loses digits of small values to its last subtraction,
     * hence 1e-11 and 1e-13, both relative.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, 0.0, 0.0",
        "1, 1, 1, 1.0, 1.0",
        "20, 3, 1, 0.15000000000000002, 0.15",
        "20, 3, 5, 0.6008771929824561, 0.6008771929824561",
        "20, 3, 10, 0.8947368421052632, 0.8947368421052632",
        "20, 1, 20, 1.0, 1.0",
        "20, 0, 20, 0.0, 0.0",
        "100, 7, 10, 0.5332595856827855, 0.5332595856827856",
        "200, 1, 1, 0.0050000000000000044, 0.005",
        "200, 1, 100, 0.5, 0.5",
        "200, 13, 100, 0.9999194971988055, 0.9999194971988055",
        "200, 150, 100, 1.0, 1.0",
        "1000, 1, 1, 0.0010000000000000009, 0.001",
        "100000, 1, 1, 9.99999999995449e-06, 1e-05",
        "100000, 99, 1000, 0.6304516050916515, 0.6304516050916511",
    })
    void estimate_equalsTheReference(int n, int c, int k, double numpy, double exact) {
        double estimate = PassAtK.of(n, c, k);

        assertThat(estimate).isCloseTo(numpy, within(1e-11 * numpy));
        assertThat(estimate).isCloseTo(exact, within(1e-13 * exact));
    }

    @ParameterizedTest
    @CsvSource({"5, 2, 0", "5, 2, 6", "5, 6, 1", "5, -1, 1", "0, 0, 1"})
    void estimate_impossibleCounts_areRefused(int n, int c, int k) {
        assertThatThrownBy(() -> PassAtK.of(n, c, k)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void mean_ofZerosAndOnes_hasWilsonsInterval() {
        assertThat(PassAtK.mean(new double[] {0, 1, 1, 0})).isEqualTo(Wilson.of(2, 4));
        assertThat(PassAtK.mean(new double[] {0, 0, 0}).high()).isGreaterThan(0.3);
    }

    @Test
    void mean_ofOneProblemOrEqualShares_isNoFalseCertainty() {
        Estimate one = PassAtK.mean(new double[] {0.25});
        Estimate many = PassAtK.mean(new double[] {0.25, 0.25, 0.25, 0.25});

        assertThat(one.value()).isEqualTo(0.25);
        assertThat(one.high() - one.low()).isGreaterThan(0.7);
        assertThat(many).isEqualTo(Wilson.of(1, 4));
    }

    @Test
    void mean_ofShares_isResampledOverProblems() {
        Estimate estimate = PassAtK.mean(new double[] {0, 0.25, 0.5, 1, 1, 0.75, 0.1, 0.4});

        assertThat(estimate.value()).isCloseTo(0.5, within(1e-12));
        // the normal approximation: 0.5 -+ 1.96 * 0.36 / sqrt(8)
        assertThat(estimate.low()).isBetween(0.2, 0.32);
        assertThat(estimate.high()).isBetween(0.68, 0.8);
    }
}
