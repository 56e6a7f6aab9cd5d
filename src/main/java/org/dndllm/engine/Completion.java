package org.dndllm.engine;

/**
 * An answer of the model.
 *
 * @param text without the template's markers
 * @param promptTokens tokens of the question with its template
 * @param tokens generated tokens, the end marker not counted
 * @param finish why it ended
 */
public record Completion(String text, int promptTokens, int tokens, Finish finish) {
    /** Why an answer ended. */
    public enum Finish {
        /** The model ended it. */
        STOP,
        /** The length limit or the end of the context was reached. */
        LENGTH,
        /** The caller cancelled. */
        CANCELLED
    }
}
