package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Color;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.ItemImage;
import org.dndllm.eval.likelihood.OptionScore;
import org.dndllm.eval.likelihood.TurnScorer;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaLibrary;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.RgbImage;
import org.dndllm.llama.TinyModel;
import org.dndllm.llama.TinyVision;
import org.dndllm.llama.VisionOptions;
import org.dndllm.llama.VisionProjector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Options and answers behind pictures, on a random model; skipped where this build of llama.cpp lacks libmtmd. */
class PictureQuestionsIT {
    /** Nats, of a sum over an option's tokens. */
    private static final double TOLERANCE = 1e-4;

    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1);
    private static final List<String> LABELS = List.of("[A]", "[B]", "[C]", "[D]");
    /** One begins another, two share a beginning, one has a single token. */
    private static final List<String> TEXTS =
            List.of("a red fox", "a red fox and a blue dog", "a blue dog", "the lazy line over there", "x");

    @TempDir
    Path folder;

    private Path projectorFile;

    @BeforeEach
    void write() {
        assumeTrue(LlamaLibrary.load().readsImages(), "no libmtmd beside libllama: native/build --with-mtmd makes it");
        projectorFile = TinyVision.projector(folder);
    }

    private LlamaModel open(GgmlType type) {
        return LlamaModel.open(TinyVision.model(folder, type), ModelOptions.CPU);
    }

    private VisionProjector vision(LlamaModel model) {
        return model.openVision(projectorFile, new VisionOptions(1, 256));
    }

    private static BenchmarkItem item(String name, String prompt, byte[] png) {
        return new BenchmarkItem(
                name,
                "",
                prompt,
                List.of(),
                "A",
                "[A]",
                AnswerKind.CHOICE,
                Optional.of(new ItemImage.Inline(Base64.getEncoder().encodeToString(png))));
    }

    /** Wide, high, of one token, and larger than its tokens allow; at the begin of the question and inside. */
    private static List<BenchmarkItem> items() {
        return List.of(
                item("wide", "\uFFFCwhat is in the picture?", TinyVision.png(112, 56, Color.RED, Color.BLACK)),
                item("high", "in \uFFFC is a red fox?", TinyVision.png(56, 140, Color.GREEN, Color.YELLOW)),
                item("dot", "what is in the picture? \uFFFC", TinyVision.png(1, 1, Color.BLUE, Color.BLUE)),
                item("large", "\uFFFCover the line?", TinyVision.png(700, 500, Color.BLUE, Color.ORANGE)));
    }

    private static List<OptionScore> scores(PictureQuestions questions, BenchmarkItem item, List<String> options) {
        return questions
                .reply(List.of(item), any -> options, 0, "test", Progress.NONE)
                .getFirst()
                .scores()
                .orElseThrow()
                .options();
    }

    @Test
    void reply_options_sameAsOneAtATime_eachWithThePictureReadAgainInAFreshContext() {
        for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.Q8_0)) {
            try (LlamaModel model = open(type);
                    VisionProjector projector = vision(model);
                    PictureQuestions questions = PictureQuestions.open(model, projector, CONTEXT)) {
                for (BenchmarkItem item : items()) {
                    for (List<String> options : List.of(LABELS, TEXTS, List.of("a red fox"))) {
                        requireSame(model, projector, item, options, AdapterSet.EMPTY, questions);
                    }
                }
            }
        }
    }

    @Test
    void reply_underAnAdapter_sameAsOneAtATime_andComesBack() {
        BenchmarkItem item = items().getFirst();
        try (LlamaModel model = open(GgmlType.F32);
                VisionProjector projector = vision(model);
                PictureQuestions questions = PictureQuestions.open(model, projector, CONTEXT)) {
            List<OptionScore> base = scores(questions, item, TEXTS);
            AdapterSet set = AdapterSet.of(TinyModel.adapter(model, 3, "a"));

            questions.context().attach(set);
            List<OptionScore> adapted = requireSame(model, projector, item, TEXTS, set, questions);
            questions.context().detach();

            assertThat(adapted.getFirst().total()).isNotCloseTo(base.getFirst().total(), within(0.01));
            assertThat(scores(questions, item, TEXTS)).isEqualTo(base);
        }
    }

    @Test
    void reply_optionsInAnotherOrder_sameScores_otherPicture_others() {
        try (LlamaModel model = open(GgmlType.F32);
                VisionProjector projector = vision(model);
                PictureQuestions questions = PictureQuestions.open(model, projector, CONTEXT)) {
            BenchmarkItem item = items().getFirst();
            List<OptionScore> scores = scores(questions, item, TEXTS);

            List<OptionScore> reversed =
                    scores(questions, item, TEXTS.reversed()).reversed();
            List<OptionScore> other = scores(
                    questions, item("other", item.prompt(), TinyVision.png(112, 56, Color.WHITE, Color.BLUE)), TEXTS);

            for (int i = 0; i < scores.size(); i++) {
                assertThat(reversed.get(i).total()).isCloseTo(scores.get(i).total(), within(TOLERANCE));
                assertThat(reversed.get(i).tokens()).isEqualTo(scores.get(i).tokens());
            }
            assertThat(other.getFirst().total()).isNotCloseTo(scores.getFirst().total(), within(0.001));
        }
    }

    @Test
    void reply_answerBehindScoredOptions_sameAsWithout() {
        try (LlamaModel model = open(GgmlType.F32);
                VisionProjector projector = vision(model);
                PictureQuestions questions = PictureQuestions.open(model, projector, CONTEXT)) {
            List<PictureQuestions.Reply> both = questions.reply(items(), any -> TEXTS, 12, "test", Progress.NONE);
            List<PictureQuestions.Reply> alone = questions.reply(items(), any -> List.of(), 12, "test", Progress.NONE);

            assertThat(alone).allMatch(reply -> reply.scores().isEmpty());
            assertThat(both.stream().map(PictureQuestions.Reply::answer))
                    .containsExactlyElementsOf(
                            alone.stream().map(PictureQuestions.Reply::answer).toList())
                    .allMatch(answer -> answer.filter(text -> !text.isEmpty()).isPresent());
            assertThat(questions.context().length(0)).isZero();
        }
    }

    @Test
    void reply_whatDoesNotFit_isRefusedByItem_andTheNextIsAnswered() {
        BenchmarkItem large = items().getLast();
        BenchmarkItem wide = items().getFirst();
        try (LlamaModel model = open(GgmlType.F32);
                VisionProjector projector = vision(model);
                PictureQuestions questions = PictureQuestions.open(model, projector, CONTEXT.withContextLength(256))) {
            List<OptionScore> before = scores(questions, wide, LABELS);

            assertThatThrownBy(() -> scores(questions, large, List.of("long ".repeat(80))))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("large", "prompt");
            assertThatThrownBy(() ->
                            scores(questions, wide, List.of("long ".repeat(30), "red ".repeat(60), "x ".repeat(70))))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("wide", "does not fit", "--image-max-tokens");
            assertThatThrownBy(() -> scores(questions, wide, List.of("a", "")))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("wide", "option 2", "is empty");

            assertThat(scores(questions, wide, LABELS)).isEqualTo(before);
        }
    }

    private static List<OptionScore> requireSame(
            LlamaModel model,
            VisionProjector projector,
            BenchmarkItem item,
            List<String> options,
            AdapterSet set,
            PictureQuestions questions) {
        List<OptionScore> scores = scores(questions, item, options);
        assertThat(scores).hasSameSizeAs(options);
        for (int i = 0; i < options.size(); i++) {
            List<Double> alone = alone(model, projector, item, options.get(i), set);
            assertThat(scores.get(i).tokens()).isEqualTo(alone.size());
            assertThat(scores.get(i).total())
                    .as("%s, %s, option %s", model, item.id(), options.get(i))
                    .isNegative()
                    .isCloseTo(alone.stream().mapToDouble(Double::doubleValue).sum(), within(TOLERANCE));
        }
        return scores;
    }

    /**
     * Log-probabilities of an option's tokens, by a way of its own: picture, question and the assistant's mark as one prompt
     * of libmtmd in a fresh context, the option's tokens behind it, plain sums over copied logits.
     */
    private static List<Double> alone(
            LlamaModel model, VisionProjector projector, BenchmarkItem item, String option, AdapterSet set) {
        List<int[]> texts = ChatTemplate.begun(model.vocabulary(), item.messages(), List.of("", option));
        assertThat(texts.get(1)).startsWith(texts.get(0));
        int[] tokens = Arrays.copyOfRange(texts.get(1), texts.get(0).length, texts.get(1).length);
        RgbImage image = item.image().orElseThrow().read(item.id());
        try (LlamaContext context = model.newContext(TurnScorer.context(model, CONTEXT))) {
            context.attach(set);
            int start = projector.decode(context, item.messages(), List.of(image), 0, CancelToken.create());
            List<Double> values = new ArrayList<>(List.of(logProbability(context.logits(), tokens[0])));
            if (tokens.length > 1) {
                LlamaBatch batch = LlamaBatch.create(tokens.length);
                for (int i = 0; i < tokens.length - 1; i++) {
                    batch.add(tokens[i], start + i, 0, true);
                }
                context.decode(batch);
                for (int i = 1; i < tokens.length; i++) {
                    values.add(logProbability(context.logits(i - 1), tokens[i]));
                }
            }
            return values;
        }
    }

    private static double logProbability(float[] logits, int token) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        return logits[token] - Math.log(sum);
    }
}
