package org.dndllm.eval.score;

import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.BenchmarkItem;

/** Judges the text that a model wrote. A pure function, safe from any thread. */
public interface AnswerScorer {
    /** Finds the answer in whatever form it is given: {@link LenientScorer}. */
    static AnswerScorer lenient() {
        return new LenientScorer();
    }

    /** The official evaluation as it is, for comparison: {@link OfficialScorer}. */
    static AnswerScorer official() {
        return new OfficialScorer();
    }

    /** The scorer of that {@link #name()}. */
    static Optional<AnswerScorer> named(String name) {
        return List.of(lenient(), official()).stream()
                .filter(scorer -> scorer.name().equals(name))
                .findFirst();
    }

    /** As on the command line and in reports: {@code lenient}, {@code official}. */
    String name();

    /**
     * Judges one answer.
     *
     * @param output the model's text without special tokens, untrimmed
     * @throws InvalidInputException if the item has no answer to compare with, or is of a kind that this scorer cannot
     *     judge, naming the item
     */
    Judgement score(BenchmarkItem item, String output);

    /** Refuses an item without a right answer: it would count as wrong for everybody. */
    static void requireLabel(BenchmarkItem item) {
        if (!item.isLabelled()) {
            throw new InvalidInputException(
                    item.id(), "answer", "is absent, so nothing can be scored; use a labelled file");
        }
    }
}
