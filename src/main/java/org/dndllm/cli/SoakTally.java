package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/** What clients of {@code dnd bench serve-soak} did and what went wrong. Thread-safe. */
final class SoakTally {
    private static final int SHOWN = 20;

    private final Map<String, LongAdder> kinds = new ConcurrentSkipListMap<>();
    private final LongAdder failed = new LongAdder();
    private final List<String> problems = new CopyOnWriteArrayList<>();

    /** Counts a request. */
    void add(String kind, Optional<String> problem) {
        kinds.computeIfAbsent(kind, fresh -> new LongAdder()).increment();
        problem.ifPresent(text -> {
            failed.increment();
            if (problems.size() < SHOWN) {
                problems.add(kind + ": " + text);
            }
        });
    }

    long requests() {
        return kinds.values().stream().mapToLong(LongAdder::sum).sum();
    }

    long failed() {
        return failed.sum();
    }

    /** Requests by kind. */
    Map<String, Object> byKind() {
        Map<String, Object> counts = new LinkedHashMap<>();
        kinds.forEach((kind, count) -> counts.put(kind, count.sum()));
        return counts;
    }

    /** The first problems. */
    List<String> problems() {
        return List.copyOf(problems);
    }
}
