package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatisticsTest {

    /** R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3; printed to four digits. */
    @ParameterizedTest
    @CsvSource({"81, 263, 0.2553, 0.3662", "15, 148, 0.0624, 0.1605", "0, 20, 0.0000, 0.1611", "1, 29, 0.0061, 0.1718"})
    void wilson_publishedCases_sameInterval(int hits, int items, double low, double high) {
        Estimate estimate = Wilson.of(hits, items);

        assertThat(estimate.value()).isEqualTo((double) hits / items);
        assertThat(estimate.low()).isCloseTo(low, within(5e-5));
        assertThat(estimate.high()).isCloseTo(high, within(5e-5));
    }

    @Test
    void wilson_allRight_mirrorsNoneRight() {
        Estimate all = Wilson.of(20, 20);

        assertThat(all.low()).isCloseTo(1 - 0.1611, within(5e-5));
        assertThat(all.high()).isEqualTo(1);
        assertThatThrownBy(() -> Wilson.of(3, 2)).isInstanceOf(IllegalArgumentException.class);
    }

    /**
     * B. Efron, R. Tibshirani 1993, table 2.1, survival of mice: the bootstrap's standard error of a mean for infinitely
     * many replicates is 23.36 (treated) and 13.33 (control). With 10,000 replicates it is known to 0.7 %.
     */
    @Test
    void bootstrap_mouseData_publishedStandardErrors() {
        double[] treated = {94, 197, 16, 38, 99, 141, 23};
        double[] control = {52, 104, 146, 10, 51, 30, 40, 27, 46};

        assertThat(deviation(Bootstrap.replicates(treated))).isCloseTo(23.36, within(0.5));
        assertThat(deviation(Bootstrap.replicates(control))).isCloseTo(13.33, within(0.3));
        Estimate mean = Bootstrap.mean(treated);
        assertThat(mean.value()).isCloseTo(86.86, within(0.005));
        assertThat(mean.low()).isBetween(40.0, 50.0);
        assertThat(mean.high()).isBetween(130.0, 140.0);
        assertThat(Bootstrap.mean(treated)).as("seeded").isEqualTo(mean);
    }

    @Test
    void bootstrap_oneUnit_noWidth() {
        assertThat(Bootstrap.mean(new double[] {0.4})).isEqualTo(new Estimate(0.4, 0.4, 0.4));
    }

    /** J. A. Hanley, B. J. McNeil, Radiology 143 (1982), table I: CT ratings of 58 normal, 51 abnormal; area 0.893. */
    @Test
    void auroc_ratingData_publishedArea() {
        double[] normal = ratings(33, 6, 6, 11, 2);
        double[] abnormal = ratings(3, 2, 2, 11, 33);

        assertThat(Auroc.of(normal, abnormal)).isCloseTo(0.893, within(5e-4));
        assertThat(Auroc.of(abnormal, normal)).isCloseTo(1 - 0.893, within(5e-4));
    }

    @Test
    void auroc_clusters_intervalAroundArea() {
        // given: single cases as clusters; Hanley and McNeil give a standard error of 0.032
        double[][] normal = clusters(ratings(33, 6, 6, 11, 2));
        double[][] abnormal = clusters(ratings(3, 2, 2, 11, 33));

        Estimate area = Bootstrap.auroc(normal, abnormal);

        assertThat(area.value()).isCloseTo(0.893, within(5e-4));
        assertThat(area.high() - area.low()).isCloseTo(2 * 1.96 * 0.032, within(0.03));
    }

    @Test
    void auroc_apartOrEqual_oneOrHalf() {
        assertThat(Auroc.of(new double[] {1, 2}, new double[] {3, 4})).isEqualTo(1);
        assertThat(Auroc.of(new double[] {1, 1}, new double[] {1})).isEqualTo(0.5);
        assertThatThrownBy(() -> Auroc.of(new double[0], new double[] {1}))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static double[] ratings(int... counts) {
        return IntStream.range(0, counts.length)
                .flatMap(rating -> IntStream.generate(() -> rating).limit(counts[rating]))
                .asDoubleStream()
                .toArray();
    }

    private static double[][] clusters(double[] values) {
        return Arrays.stream(values).mapToObj(value -> new double[] {value}).toArray(double[][]::new);
    }

    private static double deviation(double[] values) {
        double mean = Arrays.stream(values).average().orElseThrow();
        return Math.sqrt(Arrays.stream(values)
                .map(value -> (value - mean) * (value - mean))
                .average()
                .orElseThrow());
    }
}
