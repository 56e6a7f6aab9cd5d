package org.dndllm.serve.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.dndllm.llama.Utf8Decoder;

/**
 * Turns the tokens of one answer into pieces of whole characters before any stop text, each with the log-probabilities of
 * the tokens whose text it begins to show. Tokens of a stop text are not reported. One thread at a time.
 */
final class AnswerText {
    private final Utf8Decoder decoder = new Utf8Decoder();
    private final StopScanner stops;
    private final Deque<Pending> pending = new ArrayDeque<>();
    private long decoded; // characters of all tokens so far
    private long released; // characters given out

    /** @param start character of the answer at which its text begins */
    private record Pending(long start, TokenLogprob logprob) {}

    AnswerText(List<String> stops) {
        this.stops = new StopScanner(stops);
    }

    /** Takes a token's bytes; gives what is ready, if anything is. */
    Optional<GenerationEvent.Piece> accept(byte[] bytes, Optional<TokenLogprob> logprob) {
        logprob.ifPresent(value -> pending.add(new Pending(decoded, value)));
        String text = decoder.decode(bytes);
        decoded += text.length();
        return piece(stops.feed(text), false);
    }

    /** What is left when the answer ends without a stop text. */
    Optional<GenerationEvent.Piece> flush() {
        String text = stops.isStopped() ? "" : stops.feed(decoder.flush()) + stops.flush();
        return piece(text, !stops.isStopped());
    }

    boolean isStopped() {
        return stops.isStopped();
    }

    private Optional<GenerationEvent.Piece> piece(String text, boolean all) {
        released += text.length();
        List<TokenLogprob> logprobs = new ArrayList<>();
        while (!pending.isEmpty() && (all || pending.getFirst().start() < released)) {
            logprobs.add(pending.removeFirst().logprob());
        }
        return text.isEmpty() && logprobs.isEmpty()
                ? Optional.empty()
                : Optional.of(new GenerationEvent.Piece(text, logprobs));
    }
}
