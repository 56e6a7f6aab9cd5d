package org.dndllm.eval.likelihood;

import java.util.List;
import org.dndllm.llama.LlamaContext;

/**
 * Scores the options of a group of questions behind what sequence 0 holds: every question goes on in a copy of it, and every
 * option in a copy of its question's. Copies share the cells of the KV cache, and with them the positions; those of an
 * image are fewer than its tokens, so a place in a text is no position where an image came before. Sequence 0 stays as it is,
 * the others are empty afterwards. The caller has made sure that the group fits.
 */
final class OptionForks {
    /** Holds what comes before all questions. */
    static final int HELD = 0;

    private final LlamaContext context;
    private final int given;
    private final int offset;

    /** @param given how many tokens of every text sequence 0 holds, as its last ones */
    OptionForks(LlamaContext context, int given) {
        this.context = context;
        this.given = given;
        offset = context.length(HELD) - given;
    }

    List<ChoiceScores> score(List<ChoiceTokens> group) {
        List<ScoreSums> sums = group.stream().map(ScoreSums::new).toList();
        RowBatch rows = new RowBatch(context);
        for (int i = 0; i < group.size(); i++) {
            addPrompt(rows, group.get(i), sums.get(i), HELD + 1 + i);
        }
        rows.compute(); // options are copies of these sequences
        int sequence = HELD + 1 + group.size();
        for (int i = 0; i < group.size(); i++) {
            sequence = addOptions(rows, group.get(i), sums.get(i), HELD + 1 + i, sequence);
        }
        rows.compute();
        removeCopies();
        return sums.stream().map(ScoreSums::scores).toList();
    }

    private void addPrompt(RowBatch rows, ChoiceTokens question, ScoreSums sums, int sequence) {
        if (context.length(HELD) > 0) {
            context.copy(HELD, sequence);
        }
        for (int at = given; at < question.shared(); at++) {
            int place = at;
            if (at < question.scored() - 1) {
                rows.add(question.sharedToken(at), offset + at, sequence);
            } else {
                rows.add(question.sharedToken(at), offset + at, sequence, row -> sums.addShared(row, place));
            }
        }
    }

    /** Returns the next free sequence. */
    private int addOptions(RowBatch rows, ChoiceTokens question, ScoreSums sums, int prompt, int free) {
        int sequence = free;
        for (int i = 0; i < question.options(); i++) {
            int option = i;
            if (question.length(option) == question.shared()) {
                continue; // all its tokens but the last are the shared ones
            }
            context.copy(prompt, sequence);
            for (int at = question.shared(); at < question.length(option); at++) {
                int place = at;
                rows.add(question.texts().get(option)[at], offset + at, sequence, row -> sums.add(option, row, place));
            }
            sequence++;
        }
        return sequence;
    }

    private void removeCopies() {
        for (int sequence = HELD + 1; sequence < context.sequences(); sequence++) {
            if (context.length(sequence) > 0) {
                context.remove(sequence);
            }
        }
    }
}
