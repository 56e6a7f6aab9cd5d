package org.dndllm.eval.contest;

import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.llama.ContextOptions;

/**
 * How to score.
 *
 * @param columns ways of scoring, at least one
 * @param form what likelihoods are of
 * @param maxTokens longest greedy answer; 0: {@value #SHORT} tokens, {@value #LONG} where a solution is worked out
 * @param parallel greedy answers in the making at once
 */
public record ContestOptions(Set<ScoreColumn> columns, AnswerForm form, int maxTokens, int parallel) {
    private static final int SHORT = 16;
    private static final int LONG = 512;

    public ContestOptions {
        if (columns.isEmpty()) {
            throw new InvalidInputException(
                    "evaluation options", "columns", "there are none; give at least one scorer");
        }
        columns = Collections.unmodifiableSet(EnumSet.copyOf(columns));
        if (maxTokens < 0) {
            throw new InvalidInputException(
                    "evaluation options", "maxTokens", maxTokens + " given, expected 0 for the default or more");
        }
        if (parallel < 1 || parallel >= ContextOptions.MAX_SEQUENCES) {
            throw new InvalidInputException(
                    "evaluation options",
                    "parallel",
                    parallel + " given, expected 1 to " + (ContextOptions.MAX_SEQUENCES - 1));
        }
    }

    /**
     * The columns that can judge a set, in order: likelihoods where any question has options, the others by the set's kind.
     *
     * @throws InvalidInputException if there is none
     */
    public List<ScoreColumn> columns(BenchmarkSet set) {
        return columns(new ItemSample(set, set.items()));
    }

    /**
     * The columns that can judge what was drawn of a set, in order.
     *
     * @throws InvalidInputException if there is none
     */
    public List<ScoreColumn> columns(ItemSample sample) {
        BenchmarkSet set = sample.set();
        List<ScoreColumn> fitting = columns.stream()
                .filter(column ->
                        column.isLikelihood() ? !sample.judgedBy(column).isEmpty() : reads(column, set))
                .toList();
        if (fitting.isEmpty()) {
            String remedy = set.kind() == AnswerKind.CODE
                    ? "programs are judged by running them (dnd score-code)"
                    : "add the scorer greedy";
            throw new InvalidInputException(
                    set.source(),
                    "answers",
                    "are of the kind " + set.kind().label() + (set.hasImages() ? " on pictures" : "")
                            + ", which none of "
                            + columns.stream().map(ScoreColumn::label).toList() + " can judge; " + remedy);
        }
        return fitting;
    }

    /** The official code has no way of reading answers to questions on pictures. */
    private static boolean reads(ScoreColumn column, BenchmarkSet set) {
        return column.judges(set.kind()) && (column == ScoreColumn.GREEDY || !set.hasImages());
    }

    /** The longest answer to questions of a kind, in tokens. */
    int maxTokens(AnswerKind kind) {
        if (maxTokens > 0) {
            return maxTokens;
        }
        return kind == AnswerKind.NUMBER || kind == AnswerKind.MATH ? LONG : SHORT;
    }

    boolean wantsLikelihood() {
        return columns.stream().anyMatch(ScoreColumn::isLikelihood);
    }

    boolean wantsAnswers() {
        return columns.contains(ScoreColumn.GREEDY) || columns.contains(ScoreColumn.OFFICIAL);
    }
}
