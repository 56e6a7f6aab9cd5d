package org.dndllm.train.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DrawsTest {
    @Test
    void distinct_seeds_giveDifferentDrawsWithoutRepeats() {
        int[] one = Draws.distinct(20, 8, 1);

        assertThat(one).hasSize(8).doesNotHaveDuplicates();
        assertThat(IntStream.of(one)).allMatch(i -> i >= 0 && i < 20);
        assertThat(Draws.distinct(20, 8, 1)).isEqualTo(one);
        assertThat(Draws.distinct(20, 8, 2)).isNotEqualTo(one);
    }

    @Test
    void distinct_all_isAnOrder() {
        assertThat(Draws.distinct(5, 5, 3)).containsExactlyInAnyOrder(0, 1, 2, 3, 4);
    }
}
