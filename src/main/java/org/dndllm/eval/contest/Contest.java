package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.AnswerContext;
import org.dndllm.eval.GreedyDecoder;
import org.dndllm.eval.ImageAnswers;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.eval.likelihood.ChoiceQuestion;
import org.dndllm.eval.likelihood.ChoiceScores;
import org.dndllm.eval.likelihood.LikelihoodScorer;
import org.dndllm.eval.score.AnswerScorer;
import org.dndllm.eval.score.Judgement;
import org.dndllm.eval.score.Verdict;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.VisionProjector;

/**
 * Scores adapter sets on questions, one set after the other. Owns contexts for likelihoods, for greedy answers and for
 * questions on pictures, as far as they are asked for, and closes them; the model and its adapters stay the caller's. One caller at a time.
 */
public final class Contest implements AutoCloseable {
    private final LlamaModel model;
    private final ContestOptions options;
    private final Optional<LlamaContext> likelihood;
    private final Optional<AnswerContext> answers;
    private final Optional<ImageAnswers> images;

    private Contest(
            LlamaModel model,
            ContestOptions options,
            Optional<LlamaContext> likelihood,
            Optional<AnswerContext> answers,
            Optional<ImageAnswers> images) {
        this.model = model;
        this.options = options;
        this.likelihood = likelihood;
        this.answers = answers;
        this.images = images;
    }

    /**
     * Opens what the columns need.
     *
     * @param context its length, of one question with its answer; threads and batch
     * @param vision the image encoder, for sets with pictures; stays the caller's
     */
    public static Contest open(
            LlamaModel model, ContextOptions context, ContestOptions options, Optional<VisionProjector> vision) {
        Optional<LlamaContext> likelihood = Optional.empty();
        Optional<AnswerContext> answers = Optional.empty();
        try {
            if (options.wantsLikelihood()) {
                likelihood = Optional.of(model.newContext(LikelihoodScorer.context(model, context)));
            }
            if (options.wantsAnswers()) {
                answers = Optional.of(AnswerContext.open(model, context, options.parallel()));
            }
            Optional<ImageAnswers> images = vision.map(encoder -> ImageAnswers.open(model, encoder, context));
            return new Contest(model, options, likelihood, answers, images);
        } catch (RuntimeException e) {
            likelihood.ifPresent(LlamaContext::close);
            answers.ifPresent(AnswerContext::close);
            throw e;
        }
    }

    /** The columns that can judge a set, in order. */
    List<ScoreColumn> columns(BenchmarkSet set) {
        return options.columns(set);
    }

    /** All that is measured of a contender before it is judged. */
    record Played(List<ChoiceScores> scores, List<String> answers, double seconds) {}

    /** Has the model answer under an adapter set, and measures likelihoods; the contexts are left without adapters. */
    Played play(AdapterSet adapters, ItemSample sample, String name, Progress progress) {
        List<ScoreColumn> columns = columns(sample.set());
        long start = System.nanoTime();
        attach(adapters);
        try {
            List<ChoiceScores> scores =
                    columns.stream().anyMatch(ScoreColumn::isLikelihood) ? scores(sample, name, progress) : List.of();
            List<String> texts =
                    columns.stream().allMatch(ScoreColumn::isLikelihood) ? List.of() : answers(sample, name, progress);
            return new Played(scores, texts, (System.nanoTime() - start) / 1e9);
        } finally {
            attach(AdapterSet.EMPTY);
        }
    }

    private void attach(AdapterSet adapters) {
        likelihood.ifPresent(context -> context.attach(adapters));
        answers.ifPresent(context -> context.context().attach(adapters));
        images.ifPresent(context -> context.context().attach(adapters));
    }

    private List<ChoiceScores> scores(ItemSample sample, String name, Progress progress) {
        List<ChoiceQuestion> questions = sample.items().stream()
                .map(item -> new ChoiceQuestion(
                        item.id(), item.messages(), options.form().options(item)))
                .toList();
        return new LikelihoodScorer(likelihood.orElseThrow()).score(questions, name + ", likelihood", progress);
    }

    private List<String> answers(ItemSample sample, String name, Progress progress) {
        int tokens = options.maxTokens(sample.set().kind());
        if (sample.set().hasImages()) {
            return images.orElseThrow().answer(sample.items(), tokens, name + ", greedy", progress);
        }
        AnswerContext context = answers.orElseThrow();
        List<int[]> prompts = model.onNativeThread(() -> sample.items().stream()
                .map(item -> prompt(item, context.positions() - tokens))
                .toList());
        GreedyDecoder decoder = context.decoder(tokens);
        return decoder.answer(prompts, name + ", greedy", progress);
    }

    private int[] prompt(BenchmarkItem item, int room) {
        int[] prompt = ChatTemplate.tokens(model.vocabulary(), item.messages(), true);
        if (prompt.length > room) {
            throw new InvalidInputException(
                    item.id(),
                    "prompt",
                    "has " + prompt.length + " tokens, at most " + Math.max(0, room)
                            + " leave room for the answer; allow a longer context (-c) or a shorter answer (-n)");
        }
        return prompt;
    }

    /** Judges what was measured, in every column that can. */
    List<ColumnScore> judge(ItemSample sample, Played played) {
        return columns(sample.set()).stream()
                .map(column -> new ColumnScore(column, judge(column, sample, played)))
                .toList();
    }

    private static List<Judgement> judge(ScoreColumn column, ItemSample sample, Played played) {
        AnswerScorer scorer = column == ScoreColumn.OFFICIAL ? AnswerScorer.official() : AnswerScorer.lenient();
        List<Judgement> judgements = new ArrayList<>();
        for (int i = 0; i < sample.items().size(); i++) {
            BenchmarkItem item = sample.items().get(i);
            judgements.add(
                    column.isLikelihood()
                            ? judge(item, best(column, played.scores.get(i)))
                            : scorer.score(item, played.answers.get(i)));
        }
        return judgements;
    }

    private static OptionalInt best(ScoreColumn column, ChoiceScores scores) {
        return switch (column) {
            case PER_TOKEN -> scores.bestPerToken();
            case PER_BYTE -> scores.bestPerByte();
            default -> scores.best();
        };
    }

    private static Judgement judge(BenchmarkItem item, OptionalInt best) {
        if (best.isEmpty()) {
            return new Judgement(Verdict.UNPARSEABLE, "");
        }
        int option = best.getAsInt();
        return new Judgement(
                option == item.gold() ? Verdict.RIGHT : Verdict.WRONG,
                item.choices().get(option).label());
    }

    @Override
    public void close() {
        likelihood.ifPresent(LlamaContext::close);
        answers.ifPresent(AnswerContext::close);
        images.ifPresent(ImageAnswers::close);
    }
}
