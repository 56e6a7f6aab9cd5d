package org.dndllm.eval.likelihood;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;

/**
 * Scores the options of many questions at once. What all questions begin with is computed once, the rest of each prompt once
 * for its options, and of an option only what it does not share with the others; several questions go through the model
 * in one batch. Uses the context's attached adapters; leaves the KV cache empty. One caller at a time.
 */
public final class LikelihoodScorer {
    /**
     * Tokens of one batch. From 64 on, flash attention on a CPU takes another kernel, which sums in other precision: scores
     * would depend on what else is in the batch, by up to a hundredth of a nat. Below, they agree to a millionth.
     */
    private static final int BATCH = 60;

    /**
     * Cells of the KV cache in use at once, unless one question alone needs more. Every token of a batch looks at all of
     * them, its own or not; enough for the options of several questions to fill a batch.
     */
    private static final int CELLS = 512;

    private static final int SHORTEST = 2048;

    /** Of logits that a batch may ask for; llama.cpp reserves twice as much. */
    private static final int OUTPUT_BYTES = 32 << 20;

    private static final int FEWEST_OUTPUTS = 32;

    private final LlamaContext context;
    private final int positions;

    /** @param context of several sequences, as {@link #context} makes them; stays the caller's */
    public LikelihoodScorer(LlamaContext context) {
        this.context = context;
        positions = Math.min(context.contextLength(), context.model().trainLength());
    }

    /**
     * Sizes a context for scoring.
     *
     * @param wanted threads and flash attention; its length is the least that comes out
     */
    public static ContextOptions context(LlamaModel model, ContextOptions wanted) {
        int outputs = Math.max(
                FEWEST_OUTPUTS, OUTPUT_BYTES / (Float.BYTES * model.vocabulary().size()));
        return new ContextOptions(
                Math.max(wanted.contextLength(), SHORTEST),
                true, // cells of all sequences together; each of them stays within the training length
                BATCH,
                BATCH,
                wanted.threads(),
                Math.min(outputs, ContextOptions.MAX_SEQUENCES),
                Math.min(outputs, BATCH),
                false,
                wanted.flashAttention());
    }

    /**
     * Scores questions, in their order.
     *
     * @param stage what {@code progress} is told
     * @throws InvalidInputException if an option with its prompt does not fit, naming the question, or adds no token
     */
    public List<ChoiceScores> score(List<ChoiceQuestion> questions, String stage, Progress progress) {
        List<ChoiceTokens> tokens = ChoiceTokens.of(context.model(), questions);
        tokens.forEach(this::requireRoom);
        return context.onNativeThread(() -> scoreAll(tokens, stage, progress));
    }

    private void requireRoom(ChoiceTokens question) {
        if (question.longest() > positions || question.cells(0) > context.contextLength()) {
            throw new InvalidInputException(
                    question.id(),
                    "prompt",
                    "takes " + question.longest() + " positions with its longest option and " + question.cells(0)
                            + " with all of them; expected at most " + positions + " and " + context.contextLength()
                            + ". Allow a longer context or shorten the question");
        }
        question.requireSequences(context);
    }

    private List<ChoiceScores> scoreAll(List<ChoiceTokens> questions, String stage, Progress progress) {
        context.clear();
        int common = ChoiceTokens.common(questions);
        if (common > 0) {
            int[] beginning = Arrays.copyOf(questions.getFirst().texts().getFirst(), common);
            context.decode(beginning, OptionForks.HELD, CancelToken.create());
        }
        OptionForks forks = new OptionForks(context, common);
        List<ChoiceScores> scores = new ArrayList<>(questions.size());
        while (scores.size() < questions.size()) {
            progress.advanced(stage, scores.size(), questions.size());
            List<ChoiceTokens> group = group(questions.subList(scores.size(), questions.size()), common);
            scores.addAll(forks.score(group));
        }
        progress.advanced(stage, questions.size(), questions.size());
        context.clear();
        return scores;
    }

    /** As many questions as there are sequences and room for; {@link #requireRoom} saw to the first. */
    private List<ChoiceTokens> group(List<ChoiceTokens> questions, int common) {
        int room = Math.min(CELLS, context.contextLength());
        int cells = common;
        int sequences = 1;
        int count = 0;
        for (ChoiceTokens question : questions) {
            cells += question.cells(common);
            sequences += question.sequences();
            if (count > 0 && (cells > room || sequences > context.sequences())) {
                break;
            }
            count++;
        }
        return questions.subList(0, count);
    }
}
