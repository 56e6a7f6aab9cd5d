package org.dndllm.llama;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CancellationException;

/**
 * Stops a decode from another thread. One token may serve many calls and contexts; once cancelled it stays cancelled.
 * Thread-safe.
 */
public final class CancelToken {
    private final Set<StopFlag> running = ConcurrentHashMap.newKeySet();
    private volatile boolean cancelled;

    private CancelToken() {}

    /** A fresh token. */
    public static CancelToken create() {
        return new CancelToken();
    }

    /** Stops every call that runs under this token; returns at once. Idempotent. */
    public void cancel() {
        cancelled = true;
        running.forEach(StopFlag::raise);
    }

    /** Whether {@link #cancel} was called. */
    public boolean isCancelled() {
        return cancelled;
    }

    /**
     * For loops between native calls.
     *
     * @throws CancellationException if cancelled
     */
    public void check() {
        if (cancelled) {
            throw new CancellationException("cancelled");
        }
    }

    void enter(StopFlag flag) {
        running.add(flag);
        // cancel() may have run between the caller's check and the line above
        if (cancelled) {
            flag.raise();
        }
    }

    void leave(StopFlag flag) {
        running.remove(flag);
    }
}
