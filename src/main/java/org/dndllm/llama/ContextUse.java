package org.dndllm.llama;

import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Who uses a context: one thread at a time, and a second one is told so instead of being made to wait. */
final class ContextUse {
    private final String context;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Thread user;

    ContextUse(String context) {
        this.context = context;
    }

    /** @throws IllegalStateException if another thread uses the context */
    void begin() {
        if (lock.tryLock() == false) {
            throw new IllegalStateException(context + " is in use by " + user
                    + "; a context serves one thread at a time, open another one on the same model");
        }
        user = Thread.currentThread();
    }

    void end() {
        if (lock.getHoldCount() == 1) {
            user = null;
        }
        lock.unlock();
    }

    /** @throws IllegalStateException if the current thread uses the context, and would wait for itself to close it */
    void requireOther() {
        if (lock.isHeldByCurrentThread()) {
            throw new IllegalStateException(context + " is being closed from inside one of its own calls");
        }
    }

    /** Waits for whoever uses the context, and begins to use it. */
    void await() {
        lock.lock();
    }
}
