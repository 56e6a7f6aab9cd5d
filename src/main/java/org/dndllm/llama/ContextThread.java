package org.dndllm.llama;

import java.util.Optional;
import java.util.function.Supplier;

/**
 * One native thread for several contexts of a model: a loop that serves them in turn runs here as a whole, without the
 * two hand-offs per call that contexts with threads of their own would cost. Made by {@link LlamaModel#newContextThread}.
 *
 * <p>Contexts made here are the caller's to close: inside the loop, or before {@link #close}.
 */
public final class ContextThread implements AutoCloseable {
    private final LlamaModel model;
    private final NativeThread thread;

    ContextThread(LlamaModel model, NativeThread thread) {
        this.model = model;
        this.thread = thread;
    }

    /** As {@link LlamaModel#newContext}, on this thread. From inside the loop or, while none runs, from anywhere. */
    public LlamaContext newContext(ContextOptions options) {
        return model.newContext(options, Optional.of(thread));
    }

    /**
     * Runs {@code loop} here and waits for its end. If llama.cpp asserts inside, the loop never ends there, and the caller
     * gets the NativeFailureException.
     *
     * @return what the loop returns, never null
     */
    public <T> T call(Supplier<T> loop) {
        return thread.call("loop over contexts", loop);
    }

    /** Ends the thread after the loop in progress. Idempotent. */
    @Override
    public void close() {
        thread.close();
    }
}
