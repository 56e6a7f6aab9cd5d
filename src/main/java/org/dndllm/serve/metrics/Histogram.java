package org.dndllm.serve.metrics;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/** How often durations fell below fixed bounds. Thread-safe. */
public final class Histogram {
    /** Upper bounds in seconds: from a token of a tiny model to a long prompt of a large one. */
    static final double[] BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    private final LongAdder[] counts = new LongAdder[BOUNDS.length + 1]; // the last one is for what lies above
    private final LongAdder nanos = new LongAdder();

    /** An empty one. */
    public Histogram() {
        for (int i = 0; i < counts.length; i++) {
            counts[i] = new LongAdder();
        }
    }

    /** Counts one duration. */
    public void record(Duration duration) {
        double seconds = duration.toNanos() / 1e9;
        int bucket = 0;
        while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
            bucket++;
        }
        counts[bucket].increment();
        nanos.add(duration.toNanos());
    }

    /** Durations at or below bound {@code index}; the one after the last bound counts all. */
    long upTo(int index) {
        long sum = 0;
        for (int i = 0; i <= index; i++) {
            sum += counts[i].sum();
        }
        return sum;
    }

    /** How many were counted. */
    public long count() {
        return upTo(BOUNDS.length);
    }

    /** All durations together. */
    double seconds() {
        return nanos.sum() / 1e9;
    }
}
