package org.dndllm.eval.benchmark;

/** How conditions and scored questions may relate. */
public enum Protocol {
    /** No question that is scored has been seen by the generator. */
    SEPARATE,
    /**
     * As the official code does ({@code --official-protocol}): conditions are drawn from the test file itself. To reproduce
     * published numbers, never to judge a method.
     */
    OFFICIAL
}
