package org.dndllm.eval.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PairedTestsTest {

    /** statsmodels 0.15.0, {@code mcnemar([[0, b], [c, 0]], exact=True).pvalue}, on scipy 1.17.1. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 1.0",
        "5, 0, 0.0625",
        "10, 3, 0.09228515625",
        "7, 7, 1.0",
        "0, 1, 1.0",
        "3, 2, 1.0",
        "121, 59, 4.4344492637551645e-06",
        "1200, 1100, 0.03896685268382023",
        "900, 20, 1.453689524403585e-236"
    })
    void mcNemar_countsOfDifference_pOfStatsmodels(int b, int c, double expected) {
        assertThat(McNemar.p(b, c)).isCloseTo(expected, within(1e-9 * expected));
        assertThat(McNemar.p(c, b)).as("two-sided").isEqualTo(McNemar.p(b, c));
    }

    @Test
    void mcNemar_pairedHits_countsWhatDiffers() {
        List<Boolean> first = List.of(true, true, true, false, false);
        List<Boolean> second = List.of(true, false, false, true, false);

        McNemar test = McNemar.of(first, second);

        assertThat(test).isEqualTo(new McNemar(2, 1, 5, 1.0));
        assertThatThrownBy(() -> McNemar.of(first, second.subList(1, 5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5 hits against 4");
    }

    /** statsmodels 0.15.0, {@code multipletests(p, method='holm')}. */
    @Test
    void holm_unsortedWithTies_adjustedAsByStatsmodels() {
        double[] p = {0.01, 0.04, 0.03, 0.005, 0.5, 0.005, 1.0, 0.02};

        assertThat(Holm.adjust(p))
                .containsExactly(new double[] {0.06, 0.12, 0.12, 0.04, 1.0, 0.04, 1.0, 0.1}, within(1e-12));
        assertThat(Holm.adjust(new double[0])).isEmpty();
    }
}
