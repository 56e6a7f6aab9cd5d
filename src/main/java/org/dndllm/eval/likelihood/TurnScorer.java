package org.dndllm.eval.likelihood;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;

/**
 * Scores options as the assistant's turn behind messages that a context holds already: what they were made of, words or
 * pictures, does not matter here, and they are computed once for all options. Uses the context's attached adapters. One
 * caller at a time.
 */
public final class TurnScorer {
    private final LlamaContext context;

    /** @param context of several sequences, as {@link #context} makes them; stays the caller's */
    public TurnScorer(LlamaContext context) {
        this.context = context;
    }

    /**
     * Gives a context the batches and sequences that scoring needs ({@link LikelihoodScorer#context}).
     *
     * @param wanted its length must hold messages and options
     */
    public static ContextOptions context(LlamaModel model, ContextOptions wanted) {
        ContextOptions scoring = LikelihoodScorer.context(model, wanted);
        return wanted.withBatch(scoring.batch())
                .withSequences(scoring.sequences())
                .withMaxOutputs(scoring.maxOutputs());
    }

    /**
     * Scores the options of one question.
     *
     * @param question its messages are what sequence 0 holds, and no other sequence holds anything; both are so afterwards
     * @throws InvalidInputException if there are too many options for the context, or the longest does not fit or adds no
     *     token
     * @throws ContextFullException if all of them together do not fit; the caller clears the context
     */
    public ChoiceScores score(ChoiceQuestion question) {
        ChoiceTokens tokens = context.model()
                .onNativeThread(() -> ChoiceTokens.ofTurn(context.model().vocabulary(), question));
        int longest = context.length(OptionForks.HELD) + tokens.longest();
        int positions = Math.min(context.contextLength(), context.model().trainLength());
        if (longest > positions) {
            throw new InvalidInputException(
                    question.id(),
                    "prompt",
                    "takes " + longest + " positions with its longest option; expected at most " + positions
                            + ". Allow a longer context or shorten the question");
        }
        tokens.requireSequences(context);
        return context.onNativeThread(
                () -> new OptionForks(context, 0).score(List.of(tokens)).getFirst());
    }
}
