package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptReader;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GreedyDecoderIT {
    private static final int TOKENS = 8;
    /** Questions of the shipped tasks. */
    private static final int WORLD = 64;

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
     * Kernels sum in another order for other batch shapes, so logits differ in the last digits, and an answer may take
     * the other way where two tokens are a near tie. Hence: as one by one up to a first token that is as good as the
     * best one, and from there on every token the best for what stands before it, all up to rounding.
     */
    @Test
    void answer_manyPrompts_sameAsOneByOne() {
        // given: prompts of many lengths; of tasks that the base does not know, and of one that it was trained on
        List<String> questions = new ArrayList<>(PromptReader.read(Nano.REVERSE).prompts());
        questions.addAll(PromptReader.read(Nano.ADDITION).prompts());
        questions.addAll(worldQuestions());
        questions.add(questions.getFirst());
        List<int[]> prompts = tokens(questions);
        try (LlamaContext alone = context(1, 256, 256)) {
            List<int[]> single =
                    prompts.stream().map(prompt -> answer(alone, prompt)).toList();

            // when: batches cut the prompts at odd places, and groups are smaller than the list
            for (int sequences : new int[] {2, 7, 33}) {
                try (LlamaContext context = context(sequences, 512, 96)) {
                    GreedyDecoder decoder = new GreedyDecoder(context, sequences, 128, TOKENS);
                    List<int[]> batched = decoder.answerTokens(prompts, "test", Progress.NONE);

                    // then
                    assertThat(context.length(0)).isZero();
                    for (int i = 0; i < single.size(); i++) {
                        String item = sequences + " sequences, '" + questions.get(i) + "'";
                        requireSameOrTie(alone, item, prompts.get(i), single.get(i), batched.get(i));
                        requireBest(alone, item, prompts.get(i), batched.get(i));
                    }
                }
            }
        }
    }

    private static List<String> worldQuestions() {
        TaskFolder folder = TaskFolder.open(Nano.SET.resolve("tasks"));
        return folder.task(folder.names(TaskRole.HELD_OUT).getFirst())
                .trainPrompts()
                .prompts()
                .subList(0, WORLD);
    }

    /** The best token after each, until one ends the answer. */
    private static int[] answer(LlamaContext alone, int[] prompt) {
        begin(alone, prompt);
        int[] answer = new int[TOKENS];
        for (int length = 0; length < TOKENS; length++) {
            int token = alone.argmax();
            if (live.model().vocabulary().isEndOfGeneration(token)) {
                return Arrays.copyOf(answer, length);
            }
            answer[length] = token;
            alone.decodeToken(token);
        }
        return answer;
    }

    /** At the first token where two answers part, both tokens, or the end of one answer, are as good. */
    private static void requireSameOrTie(LlamaContext alone, String item, int[] prompt, int[] one, int[] other) {
        int parting = Arrays.mismatch(one, other);
        if (parting < 0) {
            return;
        }
        begin(alone, prompt);
        for (int i = 0; i < parting; i++) {
            alone.decodeToken(one[i]);
        }
        float[] logits = alone.logits();
        assertThat(logit(logits, other, parting))
                .as("%s, token %d", item, parting)
                .isCloseTo(logit(logits, one, parting), within(rounding(logits)));
    }

    private static void requireBest(LlamaContext alone, String item, int[] prompt, int[] answer) {
        begin(alone, prompt);
        for (int i = 0; i < TOKENS && i <= answer.length; i++) {
            float[] logits = alone.logits();
            assertThat(logit(logits, answer, i))
                    .as("%s, token %d", item, i)
                    .isCloseTo(logits[alone.argmax()], within(rounding(logits)));
            if (i < answer.length) {
                alone.decodeToken(answer[i]);
            }
        }
    }

    private static void begin(LlamaContext alone, int[] prompt) {
        alone.clear();
        alone.decode(prompt);
    }

    /** Of the token at a place of the answer; behind its last token that of the best one which ends it. */
    private static float logit(float[] logits, int[] answer, int place) {
        if (place < answer.length) {
            return logits[answer[place]];
        }
        return (float) IntStream.range(0, logits.length)
                .filter(live.model().vocabulary()::isEndOfGeneration)
                .mapToDouble(token -> logits[token])
                .max()
                .orElseThrow();
    }

    /**
     * Weights, keys and values are F16, with some kernels also the activations: 2^-11 of the largest logit is one
     * rounding, and two computations may be off by one each.
     */
    private static float rounding(float[] logits) {
        double largest = IntStream.range(0, logits.length)
                .mapToDouble(token -> Math.abs(logits[token]))
                .max()
                .orElseThrow();
        return (float) (2 * 0x1p-11 * largest);
    }

    @Test
    void answer_onePrompt_sameAsChat() {
        try (LlamaContext context = context(4, 512, 512)) {
            GreedyDecoder decoder = new GreedyDecoder(context, 4, 256, TOKENS);

            assertThat(decoder.answer(tokens(List.of("Hello")), "test", Progress.NONE))
                    .containsExactly(live.chat("Hello", TOKENS).text());
        }
    }

    /**
     * A single prompt shares nothing, so the cache is empty before it is cleared; its cells are not. Those that the second
     * prompt does not write itself lie beside it in the attention, masked.
     */
    @ParameterizedTest
    @EnumSource(
            value = ContextOptions.FlashAttention.class,
            names = {"ON", "OFF"})
    void answer_onePromptUnderAnAbsurdAdapter_theBaseIsItselfAfterwards(ContextOptions.FlashAttention flash) {
        List<int[]> prompt = tokens(List.of("Hello"));
        List<int[]> longer = tokens(List.of("Hello ".repeat(20)));
        ContextOptions options = new ContextOptions(512, false, 512, 512, 1, 4, 4, false, flash);
        try (LlamaContext context = live.model().newContext(options);
                LoraAdapter absurd = absurd()) {
            GreedyDecoder decoder = new GreedyDecoder(context, 4, 256, TOKENS);
            List<String> before = decoder.answer(prompt, "test", Progress.NONE);

            context.attach(AdapterSet.of(absurd));
            List<String> broken = decoder.answer(longer, "test", Progress.NONE);
            context.detach();

            assertThat(broken).containsExactly("");
            assertThat(before).doesNotContain("");
            assertThat(decoder.answer(prompt, "test", Progress.NONE)).isEqualTo(before);
        }
    }

    /** Finite weights, and infinities in the KV cache. */
    private static LoraAdapter absurd() {
        BaseShape shape = live.model().shape();
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                float[] a = new float[shape.in(module)]; // [1, in]
                float[] b = new float[shape.out(module)]; // [out, 1]
                for (int i = 0; i < a.length; i++) {
                    a[i] = i % 2 == 0 ? 1e4f : -2e4f;
                }
                Arrays.fill(b, 1e4f);
                tensors.add(new LoraTensor(layer, module, a, b));
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            LoraWeights weights = LoraWeights.of(shape, 1, 1f, DType.F32, tensors);
            return live.model().loadAdapter(GgufAdapter.toMemory(weights, GgmlType.F32, arena), "absurd");
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
