package org.dndllm.serve.schedule;

import java.time.Duration;
import java.util.List;

/** What a generation tells its caller, in order; {@link Finished} or {@link Failed} is the last one. */
public sealed interface GenerationEvent {

    /**
     * The prompt was read.
     *
     * @param logprobs of the prompt's tokens from the second on, if they were asked for
     */
    record PromptRead(List<TokenLogprob> logprobs) implements GenerationEvent {}

    /**
     * More of the answer.
     *
     * @param text whole characters; may be empty when only log-probabilities are due
     * @param logprobs of the tokens that the text ends, if they were asked for
     */
    record Piece(String text, List<TokenLogprob> logprobs) implements GenerationEvent {}

    /**
     * The end.
     *
     * @param reason why
     * @param promptTokens tokens of the prompt
     * @param cachedTokens how many of them were already computed under the same adapter set
     * @param tokens generated tokens, the end mark not counted
     * @param promptTime from admission to the first token
     * @param answerTime from the first token to the end
     */
    record Finished(
            Reason reason, int promptTokens, int cachedTokens, int tokens, Duration promptTime, Duration answerTime)
            implements GenerationEvent {}

    /** The end by an error. */
    record Failed(Throwable problem) implements GenerationEvent {}

    /** Why an answer ended. */
    enum Reason {
        /** The model ended it, or a stop text came. */
        STOP,
        /** The longest length was reached. */
        LENGTH,
        /** The caller cancelled. */
        CANCELLED
    }
}
