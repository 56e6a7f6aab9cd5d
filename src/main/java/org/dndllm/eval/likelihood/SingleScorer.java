package org.dndllm.eval.likelihood;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.llama.LlamaContext;

/**
 * Scores one option at a time, each from the first token of its prompt on: what {@link LikelihoodScorer} must agree with
 * and be faster than. Uses the context's attached adapters and its sequence 0; leaves the KV cache empty.
 */
public final class SingleScorer {
    private final LlamaContext context;

    /** @param context long enough for a prompt with its option, as {@link LikelihoodScorer#context} makes them */
    public SingleScorer(LlamaContext context) {
        this.context = context;
    }

    /** Scores questions, in their order. */
    public List<ChoiceScores> score(List<ChoiceQuestion> questions) {
        List<ChoiceTokens> tokens = ChoiceTokens.of(context.model(), questions);
        return context.onNativeThread(() -> tokens.stream().map(this::score).toList());
    }

    private ChoiceScores score(ChoiceTokens question) {
        List<OptionScore> scores = new ArrayList<>();
        for (int option = 0; option < question.options(); option++) {
            ScoreSums sums = new ScoreSums(question);
            RowBatch rows = new RowBatch(context);
            context.clear();
            for (int at = 0; at < question.length(option); at++) {
                add(rows, question, sums, option, at);
            }
            rows.compute();
            scores.add(sums.scores().options().get(option));
        }
        context.clear();
        return new ChoiceScores(scores);
    }

    private static void add(RowBatch rows, ChoiceTokens question, ScoreSums sums, int option, int at) {
        int token = question.texts().get(option)[at];
        if (at < question.scored() - 1) {
            rows.add(token, at, 0);
        } else {
            rows.add(token, at, 0, row -> sums.add(option, row, at));
        }
    }
}
