package org.dndllm.eval.score;

import org.dndllm.eval.benchmark.BenchmarkItem;

/** Judges the text that a model wrote. A pure function, safe from any thread. */
public interface AnswerScorer {
    /** As on the command line and in reports. */
    String name();

    /**
     * Judges one answer.
     *
     * @param output the model's text without special tokens, untrimmed
     * @throws org.dndllm.InvalidInputException if the item has no answer to compare with, or is of a kind that this scorer
     *     cannot judge, naming the item
     */
    Judgement score(BenchmarkItem item, String output);
}
