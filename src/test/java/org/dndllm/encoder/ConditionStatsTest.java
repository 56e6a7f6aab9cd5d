package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class ConditionStatsTest {
    @Test
    void of_twoOpposedPrompts_countsAndCompares() {
        // given: [N=2, L=2, C=2]; the second position of the second prompt is padding with a value that must not count
        float[] states = {1, 0, 3, 0, /* second prompt */ 0, 2, 100, 100};
        Condition condition = new Condition(2, 2, 2, states, new boolean[] {true, true, true, false}, new int[] {2, 1});
        // when
        ConditionStats stats = ConditionStats.of(condition);
        // then: prompt means are (2, 0) and (0, 2)
        assertThat(stats.realTokens()).isEqualTo(3);
        assertThat(stats.paddingShare()).isEqualTo(0.25);
        assertThat(stats.fullPrompts()).isEqualTo(1);
        assertThat(stats.embeddingMean()).isEqualTo(1);
        assertThat(stats.embeddingVariance()).isEqualTo(1);
        assertThat(stats.meanCosine()).isEqualTo(0);
        assertThat(stats.minCosine()).isEqualTo(0);
        assertThat(stats.collapsed()).isFalse();
    }

    @Test
    void of_equalPrompts_isCollapsed() {
        Condition condition = new Condition(
                3, 1, 2, new float[] {1, 2, 1, 2, 1, 2.001f}, new boolean[] {true, true, true}, new int[] {1, 1, 1});
        ConditionStats stats = ConditionStats.of(condition);
        assertThat(stats.meanCosine()).isCloseTo(1, within(1e-5));
        assertThat(stats.collapsed()).isTrue();
    }

    @Test
    void of_singlePrompt_isNotCollapsed() {
        Condition condition = new Condition(1, 1, 1, new float[] {5}, new boolean[] {true}, new int[] {1});
        assertThat(ConditionStats.of(condition).collapsed()).isFalse();
    }

    @Test
    void condition_arraysThatDoNotFit_areRefused() {
        assertThatThrownBy(() -> new Condition(1, 2, 3, new float[5], new boolean[2], new int[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[1, 2, 3]");
    }

    @Test
    void promptMeans_promptWithoutTokens_isZero() {
        Condition condition = new Condition(1, 1, 2, new float[] {5, 6}, new boolean[] {false}, new int[] {0});
        assertThat(condition.promptMeans()[0]).containsExactly(0, 0);
    }
}
