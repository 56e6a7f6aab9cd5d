package org.dndllm.serve.schedule;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.dndllm.llama.CancelToken;

/**
 * A submitted request: events come out, a cancel goes in. One thread takes the events; {@link #cancel} may be called from
 * any thread. The loop never waits for the taker: an answer is bounded, so is what piles up here.
 */
public final class Generation {
    private final GenerationRequest request;
    private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    private final CancelToken cancel = CancelToken.create();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final long submitted = System.nanoTime();

    Generation(GenerationRequest request) {
        this.request = request;
    }

    /** The next event. Waits for it; after the last event it would wait for ever. */
    public GenerationEvent take() throws InterruptedException {
        return events.take();
    }

    /** The next event, or nothing within {@code wait}. */
    public Optional<GenerationEvent> poll(Duration wait) throws InterruptedException {
        return Optional.ofNullable(events.poll(wait.toNanos(), TimeUnit.NANOSECONDS));
    }

    /** Ends it: no further token is computed after the one in progress. Idempotent; does nothing after the end. */
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
        events.add(event);
        if (event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed) {
            ended.complete(null);
        }
    }

    /** Of {@link System#nanoTime}. */
    long submitted() {
        return submitted;
    }
}
