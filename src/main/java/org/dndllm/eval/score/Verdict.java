package org.dndllm.eval.score;

/** What became of an answer. */
public enum Verdict {
    RIGHT,
    WRONG,
    /** No answer could be found in the text. Counts as not right, and is counted beside. */
    UNPARSEABLE
}
