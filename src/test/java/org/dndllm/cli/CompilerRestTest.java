package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.dndllm.EnvironmentException;
import org.junit.jupiter.api.Test;

class CompilerRestTest {
    private static final Duration PROBE = Duration.ofMillis(2);
    private static final Duration QUIET = Duration.ofMillis(50);

    @Test
    void await_compilersBusyAtFirst_waitsForAWholeQuietInterval() {
        // given: a compiler that is busy for the first 20 probes
        AtomicLong probes = new AtomicLong();
        LongSupplier compiled = () -> 100 * Math.min(20, probes.getAndIncrement());
        long start = System.nanoTime();

        // when
        new CompilerRest(compiled, QUIET, PROBE, Duration.ofSeconds(30)).await();

        // then: probes come no faster than their interval
        assertThat(probes.get()).isGreaterThan(20);
        assertThat(System.nanoTime() - start)
                .isGreaterThanOrEqualTo(19 * PROBE.toNanos() + QUIET.toNanos() - PROBE.toNanos());
    }

    @Test
    void await_aTrivialMethodNowAndThen_isRest() {
        AtomicLong probes = new AtomicLong();
        LongSupplier compiled = () -> probes.getAndIncrement() / 10;

        new CompilerRest(compiled, QUIET, PROBE, Duration.ofSeconds(30)).await();

        assertThat(probes.get()).isPositive();
    }

    @Test
    void await_compilersNeverStill_saysSoAfterTheTimeout() {
        AtomicLong time = new AtomicLong();

        assertThatThrownBy(
                        () -> new CompilerRest(() -> time.addAndGet(100), QUIET, PROBE, Duration.ofMillis(300)).await())
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("did not come to rest")
                .hasMessageContaining("idle machine");
    }
}
