package org.dndllm.serve.http;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.dndllm.serve.schedule.Generation;

/** Wakes the taker of a generation's events now and then, and at its deadline, until closed. One timer serves all. */
final class Reminders implements AutoCloseable {
    private static final ScheduledThreadPoolExecutor TIMER = timer();

    private final Future<?> repeated;
    private final Future<?> last;

    private Reminders(Future<?> repeated, Future<?> last) {
        this.repeated = repeated;
        this.last = last;
    }

    private static ScheduledThreadPoolExecutor timer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("dnd-reminders").factory());
        timer.setRemoveOnCancelPolicy(true); // requests come and go much faster than their reminders
        return timer;
    }

    static Reminders of(Generation generation, Duration every, Duration deadline) {
        return new Reminders(
                TIMER.scheduleAtFixedRate(generation::remind, every.toNanos(), every.toNanos(), TimeUnit.NANOSECONDS),
                TIMER.schedule(generation::remind, deadline.toNanos(), TimeUnit.NANOSECONDS));
    }

    @Override
    public void close() {
        repeated.cancel(false);
        last.cancel(false);
    }
}
