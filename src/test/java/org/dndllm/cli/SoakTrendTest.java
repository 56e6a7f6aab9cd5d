package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SoakTrendTest {
    @Test
    void slope_ofTheSecondHalf_leavesTheFirstOut() {
        SoakTrend trend = new SoakTrend();
        for (int i = 0; i < 10; i++) {
            trend.add(i, 1000 * i); // while it warms up
        }
        for (int i = 10; i < 20; i++) {
            trend.add(i, 50_000 + 3 * i + (i % 2 == 0 ? 1 : -1));
        }
        assertThat(trend.perMinute()).isCloseTo(3, within(0.1));
        assertThat(trend.rise()).isCloseTo(27, within(0.9));
        assertThat(trend.first()).isZero();
    }

    @Test
    void slope_ofOneOrEqualTimes_isNone() {
        SoakTrend trend = new SoakTrend();
        trend.add(1, 5);
        assertThat(trend.perMinute()).isZero();
        trend.add(1, 7);
        trend.add(1, 9);
        assertThat(trend.perMinute()).isZero();
        assertThat(trend.last()).isEqualTo(9);
    }
}
