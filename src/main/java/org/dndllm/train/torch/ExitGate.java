package org.dndllm.train.torch;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets a process end between steps only. An interrupt runs the destructors of LibTorch's global objects while another
 * thread may still compute with them, which would crash instead of ending.
 */
public final class ExitGate implements AutoCloseable {
    /** A step that takes longer than this must not keep the process alive. */
    private static final long PATIENCE_SECONDS = 60;

    /** Fair: training takes its next step a moment after the last, and would always be faster than a hook that wakes up. */
    private static final ReentrantLock STEP = new ReentrantLock(true);

    static {
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(ExitGate::awaitEndOfStep));
    }

    private ExitGate() {}

    /** Waits for the current step and never lets another begin. */
    private static void awaitEndOfStep() {
        try {
            if (!STEP.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return; // a step that long is stuck: ending badly is better than not ending
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A step of native work begins; it ends with {@link #close}, on the same thread. Waits for ever in an ending process. */
    public static ExitGate step() {
        STEP.lock();
        return new ExitGate();
    }

    @Override
    public void close() {
        STEP.unlock();
    }
}
