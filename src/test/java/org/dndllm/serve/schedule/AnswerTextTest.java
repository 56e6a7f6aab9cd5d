package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnswerTextTest {

    @Test
    void accept_characterOverTokens_appearsWhole() {
        // given: a snowman of three bytes
        byte[] snowman = "\u2603".getBytes(StandardCharsets.UTF_8);
        AnswerText text = new AnswerText(List.of());

        assertThat(text.accept(Arrays.copyOf(snowman, 2), Optional.empty())).isEmpty();
        assertThat(text.accept(new byte[] {snowman[2]}, Optional.empty())
                        .orElseThrow()
                        .text())
                .isEqualTo("\u2603");
    }

    @Test
    void flush_unfinishedCharacter_becomesAReplacement() {
        AnswerText text = new AnswerText(List.of("never"));
        text.accept(new byte[] {(byte) 0xe2}, Optional.empty());

        assertThat(text.flush().orElseThrow().text()).isEqualTo("\ufffd");
    }

    @Test
    void accept_stopOverTokens_reportsTheTokensBeforeItOnly() {
        AnswerText text = new AnswerText(List.of("END"));
        List<GenerationEvent.Piece> pieces = new ArrayList<>();

        for (String token : List.of("one", " E", "N", "D", "more")) {
            text.accept(token.getBytes(StandardCharsets.UTF_8), Optional.of(logprob(token)))
                    .ifPresent(pieces::add);
        }

        assertThat(pieces).extracting(GenerationEvent.Piece::text).containsExactly("one", " ");
        assertThat(pieces.stream().flatMap(piece -> piece.logprobs().stream()))
                .extracting(TokenLogprob::token)
                .containsExactly("one".hashCode(), " E".hashCode());
        assertThat(text.isStopped()).isTrue();
        assertThat(text.flush()).isEmpty();
    }

    @Test
    void flush_heldBack_comesWithItsTokens() {
        AnswerText text = new AnswerText(List.of("END"));
        text.accept("EN".getBytes(StandardCharsets.UTF_8), Optional.of(logprob("EN")));

        GenerationEvent.Piece rest = text.flush().orElseThrow();

        assertThat(rest.text()).isEqualTo("EN");
        assertThat(rest.logprobs()).hasSize(1);
    }

    private static TokenLogprob logprob(String token) {
        return new TokenLogprob(token.hashCode(), -1, List.of());
    }
}
