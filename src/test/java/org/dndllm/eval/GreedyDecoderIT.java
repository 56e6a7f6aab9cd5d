package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptReader;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.ModelOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GreedyDecoderIT {
    private static final int TOKENS = 8;
    private static LiveModel live;

    @BeforeAll
    static void open() {
        live = LiveModel.open(
                Nano.BASE,
                ModelOptions.CPU,
                ContextOptions.DEFAULT.withContextLength(256).withThreads(1));
    }

    @AfterAll
    static void close() {
        live.close();
    }

    /**
     * Kernels sum in another order for other batch shapes, so logits differ in the last digits, and random weights bring
     * near ties. Hence: hardly any answer may differ, and every token must be the best one up to rounding when its text
     * is computed alone.
     */
    @Test
    void answer_manyPrompts_sameAsOneByOne() {
        // given: two tasks with prompts of many lengths, and one that repeats
        List<String> questions = new ArrayList<>(PromptReader.read(Nano.REVERSE).prompts());
        questions.addAll(PromptReader.read(Nano.ADDITION).prompts());
        questions.add(questions.getFirst());
        List<String> single =
                questions.stream().map(q -> live.chat(q, TOKENS).text()).toList();

        // when: batches cut the prompts at odd places, and groups are smaller than the list
        for (int sequences : new int[] {2, 7, 33}) {
            try (LlamaContext context = context(sequences, 1024, 96);
                    LlamaContext alone = context(1, 256, 256)) {
                GreedyDecoder decoder = new GreedyDecoder(context, sequences, 256, TOKENS);
                List<int[]> prompts = tokens(questions);
                List<int[]> batched = decoder.answerTokens(prompts, "test", Progress.NONE);

                // then
                assertThat(context.length(0)).isZero();
                int differing = 0;
                for (int i = 0; i < single.size(); i++) {
                    String text = live.model().vocabulary().detokenize(batched.get(i), false);
                    differing += text.equals(single.get(i)) ? 0 : 1;
                    requireBest(alone, prompts.get(i), batched.get(i));
                }
                assertThat(differing).as("%d sequences", sequences).isLessThanOrEqualTo(single.size() / 50);
            }
        }
    }

    private static void requireBest(LlamaContext alone, int[] prompt, int[] answer) {
        alone.clear();
        alone.decode(prompt);
        for (int token : answer) {
            float[] logits = alone.logits();
            float best = logits[alone.argmax()];
            assertThat(logits[token]).isCloseTo(best, within(1e-3f * Math.abs(best)));
            alone.decodeToken(token);
        }
    }

    @Test
    void answer_onePrompt_sameAsChat() {
        try (LlamaContext context = context(4, 512, 512)) {
            GreedyDecoder decoder = new GreedyDecoder(context, 4, 256, TOKENS);

            assertThat(decoder.answer(tokens(List.of("Hello")), "test", Progress.NONE))
                    .containsExactly(live.chat("Hello", TOKENS).text());
        }
    }

    @Test
    void answer_tooLong_refusedWithItem() {
        try (LlamaContext context = context(4, 512, 512)) {
            GreedyDecoder decoder = new GreedyDecoder(context, 4, 256, TOKENS);

            assertThatThrownBy(() ->
                            decoder.answer(tokens(List.of("short", "long ".repeat(300))), "test", Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("item 2");
        }
    }

    private static LlamaContext context(int sequences, int length, int batch) {
        return live.model()
                .newContext(ContextOptions.DEFAULT
                        .withContextLength(length)
                        .withBatch(batch)
                        .withThreads(1)
                        .withSequences(sequences));
    }

    private static List<int[]> tokens(List<String> questions) {
        return questions.stream()
                .map(q -> ChatTemplate.tokens(live.model().vocabulary(), List.of(ChatMessage.user(q)), true))
                .toList();
    }
}
