package org.dndllm.llama;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;

/**
 * Stops a decode from another thread. One token may serve many calls and contexts; once cancelled it stays cancelled.
 * Thread-safe.
 */
public final class CancelToken {
    private final Set<StopFlag> running = new HashSet<>();
    private volatile boolean cancelled;

    private CancelToken() {}

    /** A fresh token. */
    public static CancelToken create() {
        return new CancelToken();
    }

    /** Stops every call that runs under this token; returns at once. Idempotent. */
    public synchronized void cancel() {
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

    synchronized void enter(StopFlag flag) {
        running.add(flag);
        // cancel() may have run since the caller's check
        if (cancelled) {
            flag.raise();
        }
    }

    synchronized void leave(StopFlag flag) {
        running.remove(flag);
    }
}
