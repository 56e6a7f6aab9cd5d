package org.dndllm.cli;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.dndllm.EnvironmentException;

/**
 * Waits until this JVM is at rest, so that resident memory says what the program keeps and not what a compiler needed a
 * second ago. While C2 works, its arenas hold some 10 MB. Afterwards HotSpot returns their chunks to the C library every
 * five seconds, and what the C library has free goes back to the system when the native heap is trimmed, which the
 * launcher asks for every two seconds.
 *
 * <p>At rest means: hardly anything was compiled for {@link #QUIET}; a trivial method or two need no memory to speak of.
 * Nothing else may run in this JVM meanwhile, or new methods become hot and the wait goes on until the timeout.
 */
final class CompilerRest {
    /** Five seconds for the chunks, two for the trim after it ({@code -XX:TrimNativeHeapInterval}), one of margin. */
    static final Duration QUIET = Duration.ofSeconds(8);

    /** Seldom, because hundreds of probes would become hot code themselves. */
    private static final Duration PROBE = Duration.ofMillis(500);

    /** Compilation time that does not count; C2 needs more for anything that takes megabytes. */
    private static final long TOLERATED_MILLIS = 10;

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final LongSupplier compiled; // milliseconds spent in compilers since the start
    private final Duration quiet;
    private final Duration probe;
    private final Duration timeout;

    CompilerRest(LongSupplier compiled, Duration quiet, Duration probe, Duration timeout) {
        this.compiled = compiled;
        this.quiet = quiet;
        this.probe = probe;
        this.timeout = timeout;
    }

    static CompilerRest ofThisJvm() {
        CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
        boolean counted = compilers != null && compilers.isCompilationTimeMonitoringSupported();
        // an interpreter compiles nothing: it is at rest at once
        return new CompilerRest(counted ? compilers::getTotalCompilationTime : () -> 0, QUIET, PROBE, TIMEOUT);
    }

    /**
     * Returns when the compilers are at rest.
     *
     * @throws EnvironmentException if they are not within a minute
     */
    void await() {
        Probe latest = new Probe(compiled.getAsLong(), System.nanoTime());
        CompletableFuture<Void> rest = new CompletableFuture<>();
        try (ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor()) {
            clock.scheduleAtFixedRate(
                    () -> {
                        if (latest.quietFor(quiet)) {
                            rest.complete(null);
                        }
                    },
                    probe.toNanos(),
                    probe.toNanos(),
                    TimeUnit.NANOSECONDS);
            rest.orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TimeoutException) {
                throw new EnvironmentException(
                        "The JVM's compilers did not come to rest within " + timeout.toSeconds()
                                + " s, so resident memory cannot be compared; measure again on an idle machine.",
                        e);
            }
            throw e;
        }
    }

    /** What the counter said when the present quiet interval began, and when. Used by the clock's one thread. */
    private final class Probe {
        private long value;
        private long since;

        Probe(long value, long since) {
            this.value = value;
            this.since = since;
        }

        boolean quietFor(Duration interval) {
            long now = compiled.getAsLong();
            if (now - value > TOLERATED_MILLIS) {
                value = now;
                since = System.nanoTime();
            }
            return System.nanoTime() - since >= interval.toNanos();
        }
    }
}
