package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class JunkPromptsTest {
    @Test
    void of_seed_sameSentencesAgain() {
        assertThat(JunkPrompts.of(16, 3)).isEqualTo(JunkPrompts.of(16, 3));
        assertThat(JunkPrompts.of(16, 3).prompts())
                .hasSize(16)
                .doesNotHaveDuplicates()
                .isNotEqualTo(JunkPrompts.of(16, 4).prompts())
                .allMatch(prompt -> prompt.matches("[a-z ]+\\."));
    }
}
