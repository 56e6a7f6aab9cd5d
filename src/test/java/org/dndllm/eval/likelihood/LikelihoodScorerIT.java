package org.dndllm.eval.likelihood;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.TaskRole;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LikelihoodScorerIT {
    /** Nats, of a sum over an option's tokens. Measured: 1e-6 on the nano base. */
    private static final double TOLERANCE = 1e-4;

    private static final ContextOptions ONE_THREAD = ContextOptions.DEFAULT.withThreads(1);
    private static final long SEED = 20_251_126;

    private static LlamaModel nano;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        nano = LlamaModel.open(Nano.BASE, ModelOptions.CPU);
    }

    @AfterAll
    static void close() {
        nano.close();
    }

    @Test
    void score_nanoBase_sameAsOneOptionAtATime() {
        requireSame(nano, AdapterSet.EMPTY, questions(60), "nano base");
    }

    @Test
    void score_withAdapterSet_sameAsOneOptionAtATime_andOtherThanBase() {
        List<ChoiceQuestion> questions = questions(20);
        try (LoraAdapter one = adapter(nano, 1, 0.2f);
                LoraAdapter two = adapter(nano, 2, 0.2f)) {
            AdapterSet set = AdapterSet.of(List.of(new AdapterSet.Entry(one, 0.5f), new AdapterSet.Entry(two, 1f)));

            List<ChoiceScores> adapted = requireSame(nano, set, questions, "two adapters");

            double base = requireSame(nano, AdapterSet.EMPTY, questions, "base")
                    .getFirst()
                    .options()
                    .getFirst()
                    .total();
            assertThat(adapted.getFirst().options().getFirst().total()).isNotCloseTo(base, within(0.01));
        }
    }

    /** Q8_0 rounds activations to 8 bits, F16 to 11: a difference in the last bit of a sum can become a large one there. */
    @Test
    void score_otherTypesOfWeights_sameAsOneOptionAtATime() {
        String text = "which gas do plants take from the air and what do they give back to the world ".repeat(20);
        BaseShape shape = new BaseShape("qwen2", 3, 128, 4, 2, 32, 256, 320, true);
        for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.Q8_0)) {
            Path file = folder.resolve(type + ".gguf");
            SyntheticBase.write(file, shape, SyntheticVocabulary.train(text, 300), type, SEED, "tiny");
            try (LlamaModel model = LlamaModel.open(file, ModelOptions.CPU)) {
                requireSame(model, AdapterSet.EMPTY, questions(12), "random " + type);
            }
        }
    }

    @Test
    void score_modelOfTheEnvironment_sameAsOneOptionAtATime() {
        String file = System.getenv("DND_TEST_BASE");
        assumeTrue(file != null, "DND_TEST_BASE names no base model (.gguf)");
        try (LlamaModel model = LlamaModel.open(Path.of(file), ModelOptions.CPU)) {
            requireSame(model, AdapterSet.EMPTY, questions(8), file);
        }
    }

    /** The yardstick itself, against a loop that shares nothing with it: a token at a time, plain sums over copied logits. */
    @Test
    void single_againstTokenByTokenLoop_same() {
        for (ChoiceQuestion question : questions(6)) {
            ChoiceScores scores;
            try (LlamaContext context = nano.newContext(single(nano))) {
                scores = new SingleScorer(context).score(List.of(question)).getFirst();
            }
            for (int option = 0; option < question.options().size(); option++) {
                List<int[]> tokens = ChatTemplate.begun(
                        nano.vocabulary(),
                        question.messages(),
                        List.of("", question.options().get(option)));
                try (LlamaContext context = nano.newContext(ONE_THREAD.withContextLength(512))) {
                    double expected = loop(context, tokens.get(0), tokens.get(1));
                    // one token at a time takes other kernels, which round activations elsewhere
                    assertThat(scores.options().get(option).total())
                            .as("%s, option %d", question.id(), option)
                            .isCloseTo(expected, within(0.02));
                    assertThat(scores.options().get(option).tokens())
                            .isEqualTo(tokens.get(1).length - tokens.get(0).length);
                }
            }
        }
    }

    private static double loop(LlamaContext context, int[] prompt, int[] text) {
        assertThat(text).startsWith(prompt);
        context.decode(prompt);
        double total = 0;
        for (int at = prompt.length; at < text.length; at++) {
            double sum = 0;
            for (float logit : context.logits()) {
                sum += Math.exp(logit);
            }
            total += context.logits()[text[at]] - Math.log(sum);
            context.decodeToken(text[at]);
        }
        return total;
    }

    @Test
    void score_optionsThatShareTheirBeginning_countIt_andEndWhereAnotherGoesOn() {
        // given: one option begins all others, two are the same, one parts at once
        List<String> options = List.of("red and blue", "red and green", "red", "red and blue", "white");
        List<ChoiceQuestion> questions = List.of(question("a", options), question("b", List.of("red")));

        List<ChoiceScores> scores = requireSame(nano, AdapterSet.EMPTY, questions, "shared beginnings");

        List<OptionScore> first = scores.getFirst().options();
        assertThat(first.get(0)).isEqualTo(first.get(3));
        assertThat(first.get(2).total()).isGreaterThan(first.get(0).total()); // what goes on costs more
        assertThat(first.get(2).total())
                .isCloseTo(scores.get(1).options().getFirst().total(), within(TOLERANCE));
    }

    @Test
    void score_tokenAcrossTheBorder_isSplitBeforeIt_forAllOptions() {
        // given: a vocabulary in which two line breaks are one token, so that the prompt alone ends otherwise
        Path file = folder.resolve("breaks.gguf");
        BaseShape shape = new BaseShape("qwen2", 2, 64, 4, 2, 16, 128, 300, true);
        SyntheticVocabulary vocabulary = SyntheticVocabulary.train("red\n\nblue\n\n".repeat(50), 270);
        SyntheticBase.write(file, shape, vocabulary, GgmlType.F32, SEED, "breaks");
        List<ChatMessage> messages = List.of(ChatMessage.user("say it"));
        try (LlamaModel model = LlamaModel.open(file, ModelOptions.CPU)) {
            List<int[]> tokens = ChatTemplate.begun(model.vocabulary(), messages, List.of("", "\nred", "red"));
            int[] prompt = tokens.get(0);
            assertThat(prompt).isEqualTo(ChatTemplate.tokens(model.vocabulary(), messages, true));
            assertThat(tokens.get(1)[prompt.length - 1])
                    .as("token of two line breaks")
                    .isNotEqualTo(prompt[prompt.length - 1]);

            List<ChoiceScores> scores = requireSame(
                    model,
                    AdapterSet.EMPTY,
                    List.of(new ChoiceQuestion("border", messages, List.of("\nred", "red"))),
                    "border");

            // then: both pay for the line break, the condition is what comes before it
            List<OptionScore> options = scores.getFirst().options();
            assertThat(options.get(0).tokens()).isEqualTo(tokens.get(1).length - prompt.length + 1);
            assertThat(options.get(1).tokens()).isEqualTo(tokens.get(2).length - prompt.length + 1);
            assertThat(options.get(1).bytes()).isEqualTo(3);
        }
    }

    @Test
    void score_groupsSmallerThanTheList_sameAsInOneGroup() {
        List<ChoiceQuestion> questions = questions(25);
        List<ChoiceScores> expected = requireSame(nano, AdapterSet.EMPTY, questions, "groups");
        ContextOptions wide = LikelihoodScorer.context(nano, ONE_THREAD);

        for (int sequences : new int[] {7, 11, 40}) {
            try (LlamaContext context =
                    nano.newContext(wide.withSequences(sequences).withBatch(23).withMaxOutputs(7))) {
                List<ChoiceScores> scores = new LikelihoodScorer(context).score(questions, "test", Progress.NONE);

                requireClose(scores, expected, sequences + " sequences");
                assertThat(context.length(0)).isZero();
            }
        }
    }

    @Test
    void score_absurdAdapter_noNumbers_andTheBaseIsItselfAfterwards() {
        List<ChoiceQuestion> questions = questions(1); // a single one: nothing is shared, the cache empties by itself
        try (LlamaContext context = nano.newContext(LikelihoodScorer.context(nano, ONE_THREAD));
                LoraAdapter absurd = adapter(nano, 3, 1e4f)) {
            LikelihoodScorer scorer = new LikelihoodScorer(context);
            List<ChoiceScores> before = scorer.score(questions, "test", Progress.NONE);

            context.attach(AdapterSet.of(absurd));
            ChoiceScores broken = scorer.score(questions, "test", Progress.NONE).getFirst();
            context.detach();

            assertThat(broken.areFinite()).isFalse();
            assertThat(broken.best()).isEmpty();
            assertThat(scorer.score(questions, "test", Progress.NONE)).isEqualTo(before);
        }
    }

    @Test
    void score_whatDoesNotFit_refusedWithTheQuestion() {
        try (LlamaContext context =
                nano.newContext(LikelihoodScorer.context(nano, ONE_THREAD).withSequences(6))) {
            LikelihoodScorer scorer = new LikelihoodScorer(context);
            List<ChatMessage> book = List.of(ChatMessage.user("long ".repeat(600)));

            assertThatThrownBy(() -> scorer.score(
                            List.of(
                                    question("fits", List.of("a", "b")),
                                    new ChoiceQuestion("book", book, List.of("a"))),
                            "test",
                            Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("book", "512");
            assertThatThrownBy(() -> scorer.score(
                            List.of(question("many", List.of("a b", "c d", "e f", "g h", "i j", "k l"))),
                            "test",
                            Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("many", "options", "4");
        }
    }

    @Test
    void score_noQuestions_noScores() {
        try (LlamaContext context = nano.newContext(LikelihoodScorer.context(nano, ONE_THREAD))) {
            assertThat(new LikelihoodScorer(context).score(List.of(), "test", Progress.NONE))
                    .isEmpty();
        }
    }

    private static ContextOptions single(LlamaModel model) {
        return LikelihoodScorer.context(model, ONE_THREAD).withSequences(1);
    }

    private static List<ChoiceScores> requireSame(
            LlamaModel model, AdapterSet set, List<ChoiceQuestion> questions, String what) {
        try (LlamaContext context = model.newContext(LikelihoodScorer.context(model, ONE_THREAD));
                LlamaContext alone = model.newContext(single(model))) {
            context.attach(set);
            alone.attach(set);
            List<ChoiceScores> scores = new LikelihoodScorer(context).score(questions, "test", Progress.NONE);
            requireClose(scores, new SingleScorer(alone).score(questions), what);
            return scores;
        }
    }

    private static void requireClose(List<ChoiceScores> scores, List<ChoiceScores> expected, String what) {
        assertThat(scores).hasSameSizeAs(expected);
        for (int i = 0; i < scores.size(); i++) {
            List<OptionScore> options = scores.get(i).options();
            assertThat(options).hasSameSizeAs(expected.get(i).options());
            for (int option = 0; option < options.size(); option++) {
                OptionScore single = expected.get(i).options().get(option);
                assertThat(single.total()).isNegative();
                assertThat(options.get(option).total())
                        .as("%s, question %d, option %d, seed %d", what, i, option, SEED)
                        .isCloseTo(single.total(), within(TOLERANCE));
                assertThat(options.get(option).tokens()).isEqualTo(single.tokens());
                assertThat(options.get(option).bytes()).isEqualTo(single.bytes());
            }
        }
    }

    private static ChoiceQuestion question(String id, List<String> options) {
        return new ChoiceQuestion(id, List.of(ChatMessage.user("which colours has it ?")), options);
    }

    /** Questions of the shipped held-out tasks, each with its answer and those of three other items. */
    private static List<ChoiceQuestion> questions(int count) {
        TaskFolder tasks = TaskFolder.open(Nano.SET.resolve("tasks"));
        List<String> names = tasks.names(TaskRole.HELD_OUT);
        Random random = new Random(SEED);
        List<ChoiceQuestion> questions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<TaskItem> items =
                    new ArrayList<>(tasks.task(names.get(i % names.size())).test());
            Collections.shuffle(items, random);
            Set<String> options = new LinkedHashSet<>();
            items.subList(0, 4).forEach(item -> options.add(item.response()));
            options.add("none of them");
            questions.add(new ChoiceQuestion("question " + i, items.getFirst().question(), List.copyOf(options)));
        }
        return questions;
    }

    private static LoraAdapter adapter(LlamaModel model, long seed, float size) {
        Random random = new Random(seed);
        BaseShape shape = model.shape();
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                float[] a = gaussian(random, 2 * shape.in(module), size); // [r, in]
                float[] b = gaussian(random, shape.out(module) * 2, size); // [out, r]
                tensors.add(new LoraTensor(layer, module, a, b));
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            LoraWeights weights = LoraWeights.of(shape, 2, 4f, DType.F32, tensors);
            return model.loadAdapter(GgufAdapter.toMemory(weights, GgmlType.F32, arena), "adapter " + seed);
        }
    }

    private static float[] gaussian(Random random, int count, float size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * size;
        }
        return values;
    }
}
