package org.dndllm.cli;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Looks at this process's memory every 20 ms, since the system keeps a peak of the whole only. */
final class MemoryWatch implements AutoCloseable {
    private static final int EVERY_MILLIS = 20;

    private final AtomicLong anonymous = new AtomicLong();
    private final AtomicLong filePages = new AtomicLong();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            work -> Thread.ofPlatform().daemon().name("memory-watch").unstarted(work));

    /** Begins to look. */
    static MemoryWatch start() {
        MemoryWatch watch = new MemoryWatch();
        // close() ends the clock, and the task with it
        var unused = watch.clock.scheduleAtFixedRate(watch::look, 0, EVERY_MILLIS, TimeUnit.MILLISECONDS);
        return watch;
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
        clock.shutdownNow();
    }
}
