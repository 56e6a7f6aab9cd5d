package org.dndllm.eval.contest;

import java.util.List;
import org.dndllm.eval.Bootstrap;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;
import org.dndllm.eval.score.Judgement;
import org.dndllm.eval.score.Verdict;

/**
 * What one contender reached on one set by one way of scoring.
 *
 * @param judgements one for every item that the column judges ({@link ItemSample#judgedBy}), at least one
 */
public record ColumnScore(ScoreColumn column, List<Judgement> judgements) {
    public ColumnScore {
        judgements = List.copyOf(judgements);
    }

    /** How many are right. */
    public int right() {
        return (int) judgements.stream().filter(Judgement::isRight).count();
    }

    /** How many answers could not be read: wrong in the accuracy, and counted here. */
    public int unread() {
        return (int) judgements.stream()
                .filter(judgement -> judgement.verdict() == Verdict.UNPARSEABLE)
                .count();
    }

    /** Share of right items with Wilson's interval. */
    public Estimate accuracy() {
        return Wilson.of(right(), judgements.size());
    }

    /** Mean difference item by item, with a bootstrap interval: what makes an item hard for both cancels. */
    public Estimate minus(ColumnScore base) {
        List<Judgement> others = base.judgements;
        double[] differences = new double[judgements.size()];
        for (int i = 0; i < differences.length; i++) {
            differences[i] = hit(judgements.get(i)) - hit(others.get(i));
        }
        return Bootstrap.mean(differences);
    }

    private static int hit(Judgement judgement) {
        return judgement.isRight() ? 1 : 0;
    }
}
