package org.dndllm.cli;

import java.util.concurrent.atomic.AtomicLong;

/** Looks at this process's memory every 20 ms, since the system keeps a peak of the whole only. */
final class MemoryWatch implements AutoCloseable {
    private static final int EVERY_MILLIS = 20;

    private final AtomicLong anonymous = new AtomicLong();
    private final AtomicLong filePages = new AtomicLong();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("memory-watch").unstarted(this::watch);

    MemoryWatch() {
        thread.start();
    }

    private void watch() {
        while (!Thread.currentThread().isInterrupted()) {
            look();
            try {
                Thread.sleep(EVERY_MILLIS);
            } catch (InterruptedException closed) {
                return;
            }
        }
    }

    private void look() {
        anonymous.accumulateAndGet(Machine.anonymousBytes().orElse(0), Math::max);
        filePages.accumulateAndGet(Machine.filePageBytes().orElse(0), Math::max);
    }

    /** Most bytes without a file behind them that were seen so far. */
    long anonymousBytes() {
        look();
        return anonymous.get();
    }

    /** Most bytes of mapped files that were seen so far. */
    long filePageBytes() {
        return filePages.get();
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
