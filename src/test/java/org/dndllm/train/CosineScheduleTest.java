package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CosineScheduleTest {
    @Test
    void rate_warmup_risesInEqualPartsToThePeak() {
        CosineSchedule schedule = new CosineSchedule(1, 4, 100, 0, 0);

        assertThat(schedule.rate(0)).isEqualTo(0.25);
        assertThat(schedule.rate(2)).isEqualTo(0.75);
        assertThat(schedule.rate(3)).isEqualTo(1);
        assertThat(schedule.rate(4)).isEqualTo(1);
    }

    @Test
    void rate_afterWarmup_fallsAsACosineToTheFloor() {
        CosineSchedule schedule = new CosineSchedule(2, 0, 100, 0.1, 0);

        assertThat(schedule.rate(0)).isEqualTo(2);
        assertThat(schedule.rate(50)).isCloseTo(2 * 0.55, within(1e-12));
        assertThat(schedule.rate(99)).isBetween(0.2, 0.201);
        for (int step = 1; step < 100; step++) {
            assertThat(schedule.rate(step)).isLessThan(schedule.rate(step - 1));
        }
    }

    @Test
    void rate_floorOne_staysConstant() {
        CosineSchedule schedule = new CosineSchedule(3e-5, 1, 10, 1, 0);

        for (int step = 0; step < 10; step++) {
            assertThat(schedule.rate(step)).isEqualTo(3e-5);
        }
    }

    @Test
    void rate_tail_isItsOwn() {
        CosineSchedule schedule = new CosineSchedule(1e-4, 0, 10, 0, 1e-5);

        assertThat(schedule.rate(10)).isEqualTo(1e-5);
        assertThat(schedule.rate(1000)).isEqualTo(1e-5);
    }

    @Test
    void create_impossibleValues_areRefused() {
        assertThatThrownBy(() -> new CosineSchedule(0, 0, 1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, -1, 1, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, 0, 0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(1, 0, 1, 2, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CosineSchedule(Double.NaN, 0, 1, 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
