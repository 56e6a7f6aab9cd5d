package org.dndllm.serve.http;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationEvent;
import org.dndllm.serve.schedule.TokenLogprob;

/** Follows a generation to its end within the time of a request. */
final class Answers {
    private static final Duration PING = Duration.ofSeconds(15);

    private Answers() {}

    /** A whole answer. */
    record Whole(
            String text,
            List<TokenLogprob> promptLogprobs,
            List<TokenLogprob> logprobs,
            GenerationEvent.Finished end) {}

    /** Gets an answer piece by piece. */
    interface Listener {
        void piece(GenerationEvent.Piece piece) throws IOException;

        /** Nothing has come for a while. */
        void waiting() throws IOException;
    }

    /** Waits for the whole answer. */
    static Whole collect(Generation generation, Duration timeout) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder();
        List<TokenLogprob> prompt = new ArrayList<>();
        List<TokenLogprob> logprobs = new ArrayList<>();
        GenerationEvent.Finished end = follow(generation, timeout, prompt, new Listener() {
            @Override
            public void piece(GenerationEvent.Piece piece) {
                text.append(piece.text());
                logprobs.addAll(piece.logprobs());
            }

            @Override
            public void waiting() {}
        });
        return new Whole(text.toString(), prompt, logprobs, end);
    }

    /** Hands the answer on as it comes. The caller ends the generation when this fails. */
    static GenerationEvent.Finished follow(
            Generation generation, Duration timeout, List<TokenLogprob> promptLogprobs, Listener listener)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try (Reminders reminders = Reminders.of(generation, PING, timeout)) {
            boolean quiet = true; // since the last reminder
            while (true) {
                Optional<GenerationEvent> event = generation.takeOrReminder();
                if (deadline - System.nanoTime() <= 0) {
                    throw new ApiException(504, "request_timeout", "the answer took longer than this server allows");
                }
                if (event.isEmpty()) {
                    if (quiet) {
                        listener.waiting();
                    }
                    quiet = true;
                    continue;
                }
                quiet = false;
                switch (event.get()) {
                    case GenerationEvent.PromptRead read -> promptLogprobs.addAll(read.logprobs());
                    case GenerationEvent.Piece piece -> listener.piece(piece);
                    case GenerationEvent.Finished end -> {
                        return end;
                    }
                    case GenerationEvent.Failed failed -> throw ApiErrors.of(failed.problem());
                }
            }
        }
    }
}
