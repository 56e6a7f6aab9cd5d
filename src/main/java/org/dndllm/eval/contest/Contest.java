package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.AnswerContext;
import org.dndllm.eval.GreedyDecoder;
import org.dndllm.eval.PictureQuestions;
import org.dndllm.eval.benchmark.BenchmarkItem;
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
 * questions on pictures, as far as they are asked for, and closes them; the model and its adapters stay the caller's. In a
 * set that mixes them, questions without a picture go the way that they go in any other set. One caller at a time.
 */
public final class Contest implements AutoCloseable {
    private final LlamaModel model;
    private final ContestOptions options;
    private final Optional<LlamaContext> likelihood;
    private final Optional<AnswerContext> answers;
    private final Optional<PictureQuestions> pictures;

    private Contest(
            LlamaModel model,
            ContestOptions options,
            Optional<LlamaContext> likelihood,
            Optional<AnswerContext> answers,
            Optional<PictureQuestions> pictures) {
        this.model = model;
        this.options = options;
        this.likelihood = likelihood;
        this.answers = answers;
        this.pictures = pictures;
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
            Optional<PictureQuestions> pictures = vision.map(encoder -> PictureQuestions.open(model, encoder, context));
            return new Contest(model, options, likelihood, answers, pictures);
        } catch (RuntimeException e) {
            likelihood.ifPresent(LlamaContext::close);
            answers.ifPresent(AnswerContext::close);
            throw e;
        }
    }

    /** The columns that can judge a sample, in order. */
    List<ScoreColumn> columns(ItemSample sample) {
        return options.columns(sample);
    }

    /**
     * All that is measured of a contender before it is judged.
     *
     * @param scores of the items that likelihood columns judge, in order; none without such a column
     * @param answers to all items; none where no column reads them
     */
    record Played(List<ChoiceScores> scores, List<String> answers, double seconds) {}

    /** Has the model answer under an adapter set, and measures likelihoods; the contexts are left without adapters. */
    Played play(AdapterSet adapters, ItemSample sample, String name, Progress progress) {
        List<ScoreColumn> columns = columns(sample);
        boolean comparing = columns.stream().anyMatch(ScoreColumn::isLikelihood);
        boolean answering = !columns.stream().allMatch(ScoreColumn::isLikelihood);
        List<BenchmarkItem> compared = comparing ? sample.judgedBy(ScoreColumn.LIKELIHOOD) : List.of();
        List<BenchmarkItem> answered = answering ? sample.items() : List.of();
        int tokens = answering ? options.maxTokens(sample.set().kind()) : 0;
        long start = System.nanoTime();
        attach(adapters);
        try {
            List<PictureQuestions.Reply> replies = replies(sample, comparing, tokens, name, progress);
            List<ChoiceScores> scores = merged(
                    compared,
                    scores(withoutPicture(compared), name, progress),
                    replies.stream().flatMap(reply -> reply.scores().stream()).toList());
            List<String> texts = merged(
                    answered,
                    answers(withoutPicture(answered), tokens, name, progress),
                    replies.stream().flatMap(reply -> reply.answer().stream()).toList());
            return new Played(scores, texts, (System.nanoTime() - start) / 1e9);
        } finally {
            attach(AdapterSet.EMPTY);
        }
    }

    private static List<BenchmarkItem> withoutPicture(List<BenchmarkItem> items) {
        return items.stream().filter(item -> item.image().isEmpty()).toList();
    }

    /** Results in the order of the items, each from the way that it went. */
    private static <T> List<T> merged(List<BenchmarkItem> items, List<T> ofText, List<T> ofPictures) {
        Iterator<T> text = ofText.iterator();
        Iterator<T> picture = ofPictures.iterator();
        return items.stream()
                .map(item -> (item.image().isPresent() ? picture : text).next())
                .toList();
    }

    private void attach(AdapterSet adapters) {
        likelihood.ifPresent(context -> context.attach(adapters));
        answers.ifPresent(context -> context.context().attach(adapters));
        pictures.ifPresent(context -> context.context().attach(adapters));
    }

    /** What the model makes of the questions on pictures; {@code tokens} is 0 where no answer is wanted. */
    private List<PictureQuestions.Reply> replies(
            ItemSample sample, boolean comparing, int tokens, String name, Progress progress) {
        Function<BenchmarkItem, List<String>> compared = item -> comparing && ScoreColumn.LIKELIHOOD.judges(item.kind())
                ? options.form().options(item)
                : List.of();
        List<BenchmarkItem> items = sample.items().stream()
                .filter(item -> item.image().isPresent())
                .filter(item -> tokens > 0 || !compared.apply(item).isEmpty())
                .toList();
        return items.isEmpty()
                ? List.of()
                : pictures.orElseThrow().reply(items, compared, tokens, name + ", pictures", progress);
    }

    private List<ChoiceScores> scores(List<BenchmarkItem> items, String name, Progress progress) {
        if (items.isEmpty()) {
            return List.of();
        }
        List<ChoiceQuestion> questions = items.stream()
                .map(item -> new ChoiceQuestion(
                        item.id(), item.messages(), options.form().options(item)))
                .toList();
        return new LikelihoodScorer(likelihood.orElseThrow()).score(questions, name + ", likelihood", progress);
    }

    private List<String> answers(List<BenchmarkItem> items, int tokens, String name, Progress progress) {
        if (items.isEmpty()) {
            return List.of();
        }
        AnswerContext context = answers.orElseThrow();
        List<int[]> prompts = model.onNativeThread(() -> items.stream()
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
        return columns(sample).stream()
                .map(column -> new ColumnScore(column, judge(column, sample, played)))
                .toList();
    }

    private static List<Judgement> judge(ScoreColumn column, ItemSample sample, Played played) {
        AnswerScorer scorer = column == ScoreColumn.OFFICIAL ? AnswerScorer.official() : AnswerScorer.lenient();
        List<Judgement> judgements = new ArrayList<>();
        List<BenchmarkItem> items = sample.judgedBy(column);
        for (int i = 0; i < items.size(); i++) {
            BenchmarkItem item = items.get(i);
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
        pictures.ifPresent(PictureQuestions::close);
    }
}
