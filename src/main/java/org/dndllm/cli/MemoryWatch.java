package org.dndllm.cli;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Looks at this process's memory every 20 ms, since the system keeps a peak of the whole only. */
final class MemoryWatch implements AutoCloseable {
    private static final int EVERY_MILLIS = 20;

    private final AtomicLong resident = new AtomicLong();
    private final AtomicLong anonymous = new AtomicLong();
    private final AtomicLong filePages = new AtomicLong();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("memory-watch").factory());

    MemoryWatch() {
        timer.scheduleAtFixedRate(this::look, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        resident.accumulateAndGet(Machine.residentBytes().orElse(0), Math::max);
        anonymous.accumulateAndGet(Machine.anonymousBytes().orElse(0), Math::max);
        filePages.accumulateAndGet(Machine.filePageBytes().orElse(0), Math::max);
    }

    /** Most resident bytes that were seen so far. */
    long residentBytes() {
        look();
        return resident.get();
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
        timer.shutdownNow();
    }
}
