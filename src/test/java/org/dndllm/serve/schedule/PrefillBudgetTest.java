package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrefillBudgetTest {

    @Test
    void tokens_nothingMeasured_few() {
        assertThat(new PrefillBudget().tokens(512)).isEqualTo(32);
        assertThat(new PrefillBudget().tokens(16)).isEqualTo(16);
    }

    @Test
    void tokens_measured_aboutAsLongAsAStep() {
        PrefillBudget budget = new PrefillBudget();
        budget.learn(0, 4, 30_000_000); // a step of streams: 30 ms
        budget.learn(100, 4, 80_000_000); // 100 prompt tokens more: 50 ms

        assertThat(budget.tokens(512)).isEqualTo(60);
        assertThat(budget.tokens(20)).isEqualTo(20);
    }

    @Test
    void tokens_promptsAreDear_stillAdvance() {
        PrefillBudget budget = new PrefillBudget();
        budget.learn(0, 1, 1_000_000);
        budget.learn(100, 0, 1_000_000_000);

        assertThat(budget.tokens(512)).isEqualTo(8);
    }
}
