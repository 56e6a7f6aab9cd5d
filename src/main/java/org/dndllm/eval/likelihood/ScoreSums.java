package org.dndllm.eval.likelihood;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** The sums of one question while its rows of logits come in. */
final class ScoreSums {
    private final ChoiceTokens question;
    private final double[] totals; // [options]

    ScoreSums(ChoiceTokens question) {
        this.question = question;
        totals = new double[question.options()];
    }

    /** Logits after the shared token at {@code position}: every option's next token is among them. */
    void addShared(MemorySegment row, int position) {
        LogSoftmax softmax = LogSoftmax.of(row);
        for (int option = 0; option < totals.length; option++) {
            totals[option] += softmax.at(row, question.texts().get(option)[position + 1]);
        }
    }

    /** Logits after an option's own token at {@code position}. */
    void add(int option, MemorySegment row, int position) {
        totals[option] += LogSoftmax.of(row).at(row, question.texts().get(option)[position + 1]);
    }

    ChoiceScores scores() {
        List<OptionScore> scores = new ArrayList<>(totals.length);
        for (int option = 0; option < totals.length; option++) {
            int tokens = question.texts().get(option).length - question.scored();
            scores.add(new OptionScore(totals[option], tokens, question.bytes()[option]));
        }
        return new ChoiceScores(scores);
    }
}
