package org.dndllm.serve.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextThread;
import org.dndllm.llama.LoraAdapter;

/**
 * The contexts over one model. A set that has none gets the one that was idle longest, or a new one while there are fewer
 * than allowed; with an unused context left nothing is ever dropped. Only the loop touches it.
 */
final class ContextPool {
    private static final long RELEASED = 0; // before every use: the first to be taken for another set

    private final ContextThread thread;
    private final SchedulerOptions options;
    private final SchedulerMetrics metrics;
    private final List<ContextLease> leases = new ArrayList<>();
    private int next; // whose turn it is
    private long clock;

    ContextPool(ContextThread thread, SchedulerOptions options, SchedulerMetrics metrics) {
        this.thread = thread;
        this.options = options;
        this.metrics = metrics;
    }

    /** The context that serves this set now. */
    Optional<ContextLease> find(AdapterSet set) {
        return leases.stream()
                .filter(lease -> lease.set().equals(set))
                .max(Comparator.comparingLong(ContextLease::lastUsed)); // one that a released adapter left has nothing
    }

    /** A context for a set that has none; nothing when all are busy. */
    Optional<ContextLease> lease(AdapterSet set) {
        Optional<ContextLease> idle =
                leases.stream().filter(ContextLease::isIdle).min(Comparator.comparingLong(ContextLease::lastUsed));
        boolean nothingToLose = idle.isPresent() && idle.get().lastUsed() == RELEASED;
        if (!nothingToLose && leases.size() < options.contexts()) {
            idle = Optional.of(create());
        }
        idle.ifPresent(lease -> lease.serve(set, ++clock));
        return idle;
    }

    private ContextLease create() {
        ContextLease lease = new ContextLease(thread.newContext(options.contextOptions()), options, metrics);
        leases.add(lease);
        metrics.contexts.incrementAndGet();
        return lease;
    }

    /** Time of the pool, for the order of uses. */
    long tick() {
        return ++clock;
    }

    /** The {@code count} contexts that have served the same set longest: they must give way to sets that wait. */
    List<ContextLease> longestServing(int count) {
        return leases.stream()
                .sorted(Comparator.comparingLong(ContextLease::since))
                .limit(count)
                .toList();
    }

    /** The next context in the round that has something to do. */
    Optional<ContextLease> nextBusy() {
        for (int i = 0; i < leases.size(); i++) {
            ContextLease lease = leases.get((next + i) % leases.size());
            if (!lease.isIdle()) {
                next = (next + i + 1) % leases.size();
                return Optional.of(lease);
            }
        }
        return Optional.empty();
    }

    boolean anyStreams() {
        return leases.stream().anyMatch(ContextLease::hasStreams);
    }

    /** Takes an adapter off every context, so that it can be closed. No generation may use it any more. */
    void detach(LoraAdapter adapter) {
        for (ContextLease lease : leases) {
            if (lease.uses(adapter)) {
                if (!lease.isIdle()) {
                    throw new IllegalStateException("adapter \"" + adapter.name()
                            + "\" is still used by a generation; let it end before the adapter is released");
                }
                lease.serve(AdapterSet.EMPTY, RELEASED);
            }
        }
    }

    /** Ends everything that runs, without touching the contexts. */
    void failAll(Throwable problem) {
        leases.forEach(lease -> lease.failLanes(problem));
    }

    void close() {
        leases.forEach(ContextLease::close);
        leases.clear();
        metrics.contexts.set(0);
    }
}
