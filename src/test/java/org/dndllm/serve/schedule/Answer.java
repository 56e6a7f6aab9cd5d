package org.dndllm.serve.schedule;

import java.util.ArrayList;
import java.util.List;

/** All events of a generation together. */
record Answer(
        String text, List<TokenLogprob> promptLogprobs, List<TokenLogprob> logprobs, GenerationEvent.Finished end) {

    static Answer of(Generation generation) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        List<TokenLogprob> prompt = new ArrayList<>();
        List<TokenLogprob> logprobs = new ArrayList<>();
        while (true) {
            switch (generation.take()) {
                case GenerationEvent.PromptRead read -> prompt.addAll(read.logprobs());
                case GenerationEvent.Piece piece -> {
                    text.append(piece.text());
                    logprobs.addAll(piece.logprobs());
                }
                case GenerationEvent.Finished end -> {
                    return new Answer(text.toString(), prompt, logprobs, end);
                }
                case GenerationEvent.Failed failed -> throw new AssertionError(failed.problem());
            }
        }
    }

    /** The answer's tokens, where log-probabilities named them. */
    int[] tokens() {
        return logprobs.stream().mapToInt(TokenLogprob::token).toArray();
    }
}
