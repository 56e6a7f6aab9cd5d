package org.dndllm.eval.contest;

import java.util.List;
import java.util.Optional;
import org.dndllm.eval.benchmark.ConditionOrigin;

/**
 * What one contender reached on one set.
 *
 * @param name base, or the adapter's
 * @param columns in the order of {@link ScoreColumn}; those that can judge the set
 * @param answers its greedy answers, one for each item; none where no scorer reads them
 * @param condition of a generated adapter: what it was made from
 * @param remarks what to know about these numbers, in plain sentences
 * @param seconds that scoring took, wall time
 */
public record ContenderScore(
        String name,
        List<ColumnScore> columns,
        List<String> answers,
        Optional<ConditionOrigin> condition,
        List<String> remarks,
        double seconds) {
    public ContenderScore {
        columns = List.copyOf(columns);
        answers = List.copyOf(answers);
        remarks = List.copyOf(remarks);
    }

    /** The score of a column, where it was taken. */
    public Optional<ColumnScore> of(ScoreColumn column) {
        return columns.stream().filter(score -> score.column() == column).findFirst();
    }

    /** Whether it must be marked: its condition held what is scored. */
    public boolean isTainted() {
        return condition.filter(ConditionOrigin::isTainted).isPresent();
    }
}
