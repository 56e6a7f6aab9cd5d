package org.dndllm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import org.dndllm.DndException;
import org.dndllm.engine.Progress;
import org.dndllm.serve.schedule.SchedulerMetrics;

/**
 * A server under load for a while.
 *
 * @param minutes that it was under load
 * @param tally of the requests
 * @param gauges their first values are those before the load, their last those after it
 */
record SoakRun(double minutes, SoakTally tally, SoakGauges gauges) {
    private static final int SAMPLES = 200;
    private static final long LEAST_BETWEEN_NANOS = 200_000_000;
    private static final long MOST_BETWEEN_NANOS = 10_000_000_000L;
    /** In which a server that nobody asks any more must come to rest. */
    private static final long REST_NANOS = 30_000_000_000L;

    private static final long LOOK_NANOS = 20_000_000;

    static SoakRun of(ServeBench bench, double minutes, long seed, Progress progress) {
        SoakTally tally = new SoakTally();
        SoakGauges gauges = new SoakGauges(bench.server());
        SoakGuests guests = new SoakGuests(bench, tally);
        guests.step(); // what comes with the first guest stays: buffers, the generator's session
        gauges.sample();
        long start = System.nanoTime();
        long length = (long) (minutes * 60e9);
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().name("dnd-soak-", 0).factory())) {
            running.add(threads.submit(() -> repeat(start + length, guests::step, tally)));
            for (int i = 0; i < bench.options().streams(); i++) {
                SoakClient client = client(bench, seed + i, tally);
                running.add(threads.submit(() -> repeat(start + length, client::step, tally)));
            }
            long between = Math.clamp(length / SAMPLES, LEAST_BETWEEN_NANOS, MOST_BETWEEN_NANOS);
            while (!waitFor(running, between)) {
                gauges.sample();
                progress.advanced("seconds", (System.nanoTime() - start) / 1_000_000_000, (long) (minutes * 60));
            }
        }
        double took = (System.nanoTime() - start) / 60e9;
        rest(bench);
        gauges.sample();
        return new SoakRun(took, tally, gauges);
    }

    private static SoakClient client(ServeBench bench, long seed, SoakTally tally) {
        List<String> names = Stream.concat(
                        Stream.of(ServeBench.BASE), bench.adapters().stream().map(ServeBench.Adapter::name))
                .toList();
        return new SoakClient(
                bench.port(),
                names,
                bench.options().tokens(),
                RandomGeneratorFactory.getDefault().create(seed),
                tally);
    }

    private static void repeat(long end, Runnable step, SoakTally tally) {
        while (System.nanoTime() - end < 0) {
            try {
                step.run();
            } catch (DndException e) {
                tally.add("broken", Optional.of(String.valueOf(e.getMessage())));
            }
        }
    }

    /** Whether all have ended within the time. */
    private static boolean waitFor(List<Future<?>> running, long nanos) {
        long until = System.nanoTime() + nanos;
        try {
            for (Future<?> each : running) {
                each.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
            }
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException problem ? problem : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while clients ran", e);
        }
    }

    private static void rest(ServeBench bench) {
        SchedulerMetrics metrics = bench.server().metrics();
        long until = System.nanoTime() + REST_NANOS;
        while (System.nanoTime() - until < 0
                && metrics.running() + metrics.waiting() + bench.server().connections() > 0) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
