package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.SamplerOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Chatting with the nano base model. */
class LiveModelIT {
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1);
    /** Never ends, so that a trained model, which soon has answered, goes on. */
    private static final String LETTERS = "root ::= [a-z] root";

    private static final List<ChatMessage> QUESTION = List.of(ChatMessage.user("Write the word garden backwards."));

    private static LiveModel live;

    @BeforeAll
    static void open() {
        live = LiveModel.open(Nano.BASE, ModelOptions.CPU, CONTEXT);
    }

    @AfterAll
    static void close() {
        live.close();
    }

    @Test
    void chat_lengthLimit_endsThereAndStreamsTheSameText() {
        // given
        StringBuilder streamed = new StringBuilder();

        // when
        Completion answer = live.chat(
                QUESTION, SamplerOptions.of(1, 5).withGrammar(LETTERS), 20, streamed::append, CancelToken.create());

        // then
        assertThat(answer.finish()).isEqualTo(Completion.Finish.LENGTH);
        assertThat(answer.tokens()).isEqualTo(20);
        assertThat(answer.promptTokens()).isPositive();
        assertThat(answer.text()).isNotEmpty().isEqualTo(streamed.toString());
    }

    @Test
    void chat_noTokensWanted_givesNone() {
        Completion answer = live.chat("hello", 0);

        assertThat(answer.text()).isEmpty();
        assertThat(answer.finish()).isEqualTo(Completion.Finish.LENGTH);
    }

    @Test
    void chat_endOfGeneration_stopsWithoutTheMarker() {
        // given: a grammar that allows two letters and then nothing but the end
        SamplerOptions two = SamplerOptions.GREEDY.withGrammar("root ::= \"ab\"");

        // when
        Completion answer = live.chat(QUESTION, two, 20, text -> {}, CancelToken.create());

        // then
        assertThat(answer.finish()).isEqualTo(Completion.Finish.STOP);
        assertThat(answer.text()).isEqualTo("ab");
        assertThat(answer.tokens()).isBetween(1, 2);
    }

    @Test
    void chat_sameSeed_sameText() {
        SamplerOptions nine = SamplerOptions.of(1, 9).withGrammar(LETTERS);
        SamplerOptions ten = SamplerOptions.of(1, 10).withGrammar(LETTERS);
        Completion first = live.chat(QUESTION, nine, 16, text -> {}, CancelToken.create());
        Completion second = live.chat(QUESTION, nine, 16, text -> {}, CancelToken.create());
        Completion other = live.chat(QUESTION, ten, 16, text -> {}, CancelToken.create());

        assertThat(second).isEqualTo(first);
        assertThat(other.text()).as("seed 10 against seed 9").isNotEqualTo(first.text());
    }

    @Test
    void chat_cancelledWhileItAnswers_endsWithWhatThereIs() {
        // given
        CancelToken cancel = CancelToken.create();
        SamplerOptions letters = SamplerOptions.GREEDY.withGrammar(LETTERS);
        String greedy = live.chat(QUESTION, letters, 24, text -> {}, CancelToken.create())
                .text();

        // when
        Completion answer = live.chat(QUESTION, letters, 24, text -> cancel.cancel(), cancel);

        // then: and the next answer is whole again
        assertThat(answer.finish()).isEqualTo(Completion.Finish.CANCELLED);
        assertThat(answer.tokens()).isLessThan(24);
        assertThat(greedy).startsWith(answer.text());
        assertThat(live.chat(QUESTION, letters, 24, text -> {}, CancelToken.create())
                        .text())
                .isEqualTo(greedy);
    }

    @Test
    void chat_cancelledBefore_givesNothing() {
        CancelToken cancel = CancelToken.create();
        cancel.cancel();

        Completion answer = live.chat(QUESTION, SamplerOptions.GREEDY, 24, text -> {}, cancel);

        assertThat(answer.finish()).isEqualTo(Completion.Finish.CANCELLED);
        assertThat(answer.text()).isEmpty();
        assertThat(answer.tokens()).isZero();
    }

    @Test
    void chat_severalTurnsAndSystemMessage_allReachTheModel() {
        // given
        ChatMessage first = QUESTION.getFirst();
        List<ChatMessage> turns =
                List.of(first, ChatMessage.assistant("nedrag"), ChatMessage.user("And the word bottle?"));
        List<ChatMessage> withSystem = List.of(ChatMessage.system("You answer in one word."), first);

        // when
        Completion one = greedy(QUESTION);
        Completion three = greedy(turns);
        Completion system = greedy(withSystem);

        // then
        assertThat(three.promptTokens()).isGreaterThan(one.promptTokens());
        assertThat(system.promptTokens()).isNotEqualTo(one.promptTokens());
        assertThat(greedy(turns)).isEqualTo(three);
        assertThat(List.of(one.text(), three.text(), system.text())).doesNotHaveDuplicates();
    }

    @Test
    void chat_answerReachesTheEndOfTheContext_endsAsTooLong() {
        // given
        int prompt = greedy(QUESTION).promptTokens();
        try (LiveModel small = LiveModel.open(Nano.BASE, ModelOptions.CPU, CONTEXT.withContextLength(256))) {
            // when
            Completion answer = small.chat(
                    QUESTION,
                    SamplerOptions.GREEDY.withGrammar("root ::= \"a\" root"),
                    1000,
                    text -> {},
                    CancelToken.create());

            // then: the last token needs no place of its own
            assertThat(answer.finish()).isEqualTo(Completion.Finish.LENGTH);
            assertThat(answer.tokens()).isEqualTo(256 - prompt + 1);
        }
    }

    @Test
    void chat_conversationLongerThanTheContext_saysSoAndGoesOn() {
        // given
        Completion before = greedy(QUESTION);

        // when, then
        assertThatThrownBy(() -> live.chat("garden ".repeat(2000), 4))
                .isInstanceOf(ContextFullException.class)
                .hasMessageContaining("512")
                .hasMessageContaining("shorten the prompt");
        assertThat(greedy(QUESTION)).isEqualTo(before);
    }

    private static Completion greedy(List<ChatMessage> conversation) {
        return live.chat(conversation, SamplerOptions.GREEDY, 12, text -> {}, CancelToken.create());
    }
}
