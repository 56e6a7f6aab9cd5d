package org.dndllm.eval.likelihood;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;
import org.junit.jupiter.api.Test;

class ChoiceScoresTest {
    private static final List<ChatMessage> ASKED = List.of(ChatMessage.user("which?"));

    @Test
    void best_eachNormalisation_prefersAnotherOption() {
        // given: the shortest wins raw, the one of cheap tokens by token, the one of many bytes by byte
        ChoiceScores scores = new ChoiceScores(
                List.of(new OptionScore(-2.0, 1, 1), new OptionScore(-4.0, 4, 4), new OptionScore(-3.5, 2, 20)));

        assertThat(scores.best()).hasValue(0);
        assertThat(scores.bestPerToken()).hasValue(1);
        assertThat(scores.bestPerByte()).hasValue(2);
        assertThat(scores.options().get(2).perToken()).isCloseTo(-1.75, within(1e-12));
        assertThat(scores.options().get(2).perByte()).isCloseTo(-0.175, within(1e-12));
    }

    @Test
    void best_equal_firstOne() {
        assertThat(new ChoiceScores(List.of(
                                new OptionScore(-3, 1, 1), new OptionScore(-1, 1, 1), new OptionScore(-1, 1, 1)))
                        .best())
                .hasValue(1);
    }

    @Test
    void best_oneScoreIsNoNumber_none() {
        for (double broken : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY}) {
            ChoiceScores scores = new ChoiceScores(List.of(new OptionScore(-1, 1, 1), new OptionScore(broken, 1, 1)));

            assertThat(scores.areFinite()).isFalse();
            assertThat(scores.best()).isEmpty();
            assertThat(scores.bestPerToken()).isEmpty();
            assertThat(scores.bestPerByte()).isEmpty();
        }
    }

    @Test
    void question_withoutOptionsOrWithAnEmptyOne_refusedByName() {
        assertThatThrownBy(() -> new ChoiceQuestion("set.json: item 7", ASKED, List.of()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("item 7", "options");
        assertThatThrownBy(() -> new ChoiceQuestion("set.json: item 7", ASKED, List.of("a", "")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("item 7", "option 2", "empty");
    }
}
