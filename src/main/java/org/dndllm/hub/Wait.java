package org.dndllm.hub;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** How time passes between attempts; tests let none pass. */
@FunctionalInterface
interface Wait {
    /** Waits on a permit that never comes: ends early when the pull is stopped, by an interrupt. */
    Wait REAL = time -> {
        boolean never = new Semaphore(0).tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
        assert !never : "nobody releases it";
    };

    void pass(Duration time) throws InterruptedException;
}
