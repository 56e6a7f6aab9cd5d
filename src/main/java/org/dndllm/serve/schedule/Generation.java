package org.dndllm.serve.schedule;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dndllm.llama.CancelToken;
import org.jspecify.annotations.Nullable;

/**
 * A submitted request: events come out, a cancel goes in. One thread takes the events; {@link #cancel} may be called from
 * any thread. The loop never waits for the taker: an answer is bounded, so is what piles up here.
 */
public final class Generation {
    private final GenerationRequest request;
    private final BlockingQueue<Optional<GenerationEvent>> events = new LinkedBlockingQueue<>(); // empty: a reminder
    private final CancelToken cancel;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final long submitted = System.nanoTime();

    Generation(GenerationRequest request) {
        this(request, CancelToken.create());
    }

    Generation(GenerationRequest request, CancelToken cancel) {
        this.request = request;
        this.cancel = cancel;
    }

    /** The next event. Waits for it; after the last event it would wait for ever. */
    public GenerationEvent take() throws InterruptedException {
        Optional<GenerationEvent> event = events.take();
        while (event.isEmpty()) {
            event = events.take();
        }
        return event.get();
    }

    /**
     * The next event, or nothing when {@link #remind} was called before it came. Callers that must look up now and then
     * have a timer remind them: a wait with a time limit would set up and take down a timer of the JVM for every token.
     */
    public Optional<GenerationEvent> takeOrReminder() throws InterruptedException {
        return events.take();
    }

    /** The next event, or nothing within {@code wait} or when reminded. */
    public Optional<GenerationEvent> poll(Duration wait) throws InterruptedException {
        @Nullable Optional<GenerationEvent> event = events.poll(wait.toNanos(), TimeUnit.NANOSECONDS);
        return event == null ? Optional.empty() : event;
    }

    /** Wakes the taker without an event. */
    public void remind() {
        events.add(Optional.empty());
    }

    /**
     * Ends it, and whatever else was submitted under its token: no further token is computed after the one in progress.
     * Idempotent; does nothing after the end.
     */
    public void cancel() {
        cancel.cancel();
    }

    /** What was asked for. */
    public GenerationRequest request() {
        return request;
    }

    CancelToken cancelToken() {
        return cancel;
    }

    boolean isCancelled() {
        return cancel.isCancelled();
    }

    /** Completes when nothing of it is computed any more; from then on its adapters may go. */
    public CompletableFuture<Void> ended() {
        return ended;
    }

    void tell(GenerationEvent event) {
        events.add(Optional.of(event));
        if (event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed) {
            ended.complete(null);
        }
    }

    /** Of {@link System#nanoTime}. */
    long submitted() {
        return submitted;
    }
}
