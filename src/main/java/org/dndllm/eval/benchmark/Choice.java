package org.dndllm.eval.benchmark;

/**
 * One option of a question.
 *
 * @param label what the question calls it: {@code A}, {@code 3}, {@code True}
 * @param text what it says; for {@link AnswerKind#BOOLEAN} the label again
 */
public record Choice(String label, String text) {
    /** The option as the official files write an answer: {@code [A]}. */
    public String bracketed() {
        return "[" + label + "]";
    }
}
