package org.dndllm.eval;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.likelihood.ChoiceQuestion;
import org.dndllm.eval.likelihood.ChoiceScores;
import org.dndllm.eval.likelihood.TurnScorer;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.RgbImage;
import org.dndllm.llama.VisionProjector;
import org.dndllm.llama.Vocabulary;

/**
 * Puts questions on pictures to a model, one after the other: an image is most of its prompt, so there is little to share
 * between them. Image and question are computed once; the options are scored behind them, then the answer is written there.
 * Owns a context, to which adapters are attached; the image encoder stays the caller's.
 */
public final class PictureQuestions implements AutoCloseable {
    private static final int SEQUENCE = 0;

    private final VisionProjector projector;
    private final LlamaContext context;
    private final TurnScorer scorer;

    private PictureQuestions(VisionProjector projector, LlamaContext context) {
        this.projector = projector;
        this.context = context;
        scorer = new TurnScorer(context);
    }

    /**
     * What a model makes of a question.
     *
     * @param scores of its options; empty where none were asked for
     * @param answer its greedy answer without the end mark; empty where none was asked for
     */
    public record Reply(Optional<ChoiceScores> scores, Optional<String> answer) {}

    /**
     * Opens a context.
     *
     * @param options its length must hold an image, a question, its options and an answer
     */
    public static PictureQuestions open(LlamaModel model, VisionProjector projector, ContextOptions options) {
        return new PictureQuestions(projector, model.newContext(TurnScorer.context(model, options)));
    }

    /** The context, for attaching adapters. */
    public LlamaContext context() {
        return context;
    }

    /**
     * The replies, in the order of the questions.
     *
     * @param options of a question, as the beginnings of an answer to it; none where its likelihoods are not wanted
     * @param maxTokens longest answer; 0 for none
     * @throws InvalidInputException if an image cannot be read, or question, options and answer do not fit into the context
     */
    public List<Reply> reply(
            List<BenchmarkItem> items,
            Function<BenchmarkItem, List<String>> options,
            int maxTokens,
            String stage,
            Progress progress) {
        List<Reply> replies = new ArrayList<>();
        for (BenchmarkItem item : items) {
            progress.advanced(stage, replies.size(), items.size());
            replies.add(reply(item, options.apply(item), maxTokens));
        }
        progress.advanced(stage, items.size(), items.size());
        return replies;
    }

    private Reply reply(BenchmarkItem item, List<String> options, int maxTokens) {
        List<RgbImage> images =
                item.image().map(image -> image.read(item.id())).stream().toList();
        try {
            projector.decodeMessages(context, item.messages(), images, SEQUENCE, CancelToken.create());
            Optional<ChoiceScores> scores = options.isEmpty()
                    ? Optional.empty()
                    : Optional.of(scorer.score(new ChoiceQuestion(item.id(), item.messages(), options)));
            return new Reply(scores, maxTokens == 0 ? Optional.empty() : Optional.of(answer(maxTokens)));
        } catch (ContextFullException e) {
            throw new InvalidInputException(
                    item.id(),
                    "prompt",
                    "does not fit into the context with its image, its options and an answer of " + maxTokens
                            + " tokens ("
                            + e.getMessage() + "); allow a longer context (-c), fewer tokens for an image"
                            + " (--image-max-tokens) or a shorter answer (-n)",
                    e);
        } finally {
            context.clear();
        }
    }

    private String answer(int maxTokens) {
        Vocabulary vocabulary = context.model().vocabulary();
        int[] turn = ChatTemplate.turns(vocabulary, List.of("")).getFirst();
        int[] tokens = context.onNativeThread(() -> {
            context.decode(turn);
            return generate(maxTokens);
        });
        return vocabulary.detokenize(tokens, false);
    }

    private int[] generate(int maxTokens) {
        int[] tokens = new int[maxTokens];
        int length = 0;
        while (length < maxTokens) {
            int token = GreedyDecoder.highest(MemorySegment.ofArray(context.logits()));
            if (token == GreedyDecoder.NONE || context.model().vocabulary().isEndOfGeneration(token)) {
                break;
            }
            tokens[length++] = token;
            if (length < maxTokens) {
                context.decodeToken(token);
            }
        }
        return Arrays.copyOf(tokens, length);
    }

    @Override
    public void close() {
        context.close();
    }
}
