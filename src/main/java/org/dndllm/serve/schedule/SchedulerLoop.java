package org.dndllm.serve.schedule;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import org.dndllm.DndException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LoraAdapter;

/**
 * The loop on the native thread: takes orders, admits what fits, gives every context that has work one step in turn.
 *
 * <p>Fairness: contexts take turns step by step; within a set requests start in the order of their arrival. While a set
 * waits for a context, the one that has served its set longest admits nothing more, so that it becomes free as soon as
 * what runs there has ended: no set waits longer than for the longest answer of each set before it.
 */
final class SchedulerLoop {
    private final ContextPool pool;
    private final BlockingQueue<Runnable> orders;
    private final SchedulerMetrics metrics;
    private final PrefillBudget budget = new PrefillBudget();
    private final Deque<Generation> waiting = new ArrayDeque<>();
    private boolean ended;

    SchedulerLoop(ContextPool pool, BlockingQueue<Runnable> orders, SchedulerMetrics metrics) {
        this.pool = pool;
        this.orders = orders;
        this.metrics = metrics;
    }

    /** An order: a new request. */
    void add(Generation generation) {
        waiting.add(generation);
    }

    /** An order: an adapter is about to be closed. */
    void detach(LoraAdapter adapter) {
        pool.detach(adapter);
    }

    /** An order: no further step. */
    void end() {
        ended = true;
    }

    /** Runs until {@link #end}. */
    void run() throws InterruptedException {
        while (true) {
            for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
                order.run();
            }
            if (ended) {
                pool.failAll(new IllegalStateException("the scheduler is closed"));
                failWaiting(new IllegalStateException("the scheduler is closed"));
                pool.close();
                return;
            }
            admit();
            Optional<ContextLease> next = pool.nextBusy();
            if (next.isPresent()) {
                step(next.get());
            } else {
                // Nothing runs, so whatever waits could be admitted: only an order can bring work.
                orders.take().run();
            }
        }
    }

    private void step(ContextLease lease) {
        try {
            lease.step(budget, pool.anyStreams());
        } catch (DndException e) {
            lease.fail(e); // the batch was undone; the set starts afresh
        }
    }

    private void admit() {
        if (waiting.isEmpty()) {
            return;
        }
        dropCancelled();
        Set<AdapterSet> blocked = new HashSet<>(); // older requests of these sets still wait
        int contextsWanted = 0;
        for (Iterator<Generation> each = waiting.iterator(); each.hasNext(); ) {
            Generation generation = each.next();
            AdapterSet set = generation.request().adapters();
            if (blocked.contains(set)) {
                continue;
            }
            try {
                Optional<ContextLease> lease = pool.find(set);
                if (lease.isEmpty()) {
                    lease = pool.lease(set);
                    contextsWanted += lease.isEmpty() ? 1 : 0;
                } else if (pool.longestServing(contextsWanted).contains(lease.get())) {
                    lease = Optional.empty();
                }
                if (lease.isPresent() && lease.get().admit(generation, pool.tick())) {
                    remove(each);
                } else {
                    blocked.add(set);
                }
            } catch (DndException | IllegalStateException e) {
                remove(each); // no memory for a context, or an adapter that was closed
                generation.tell(new GenerationEvent.Failed(e));
            }
        }
    }

    private void remove(Iterator<Generation> each) {
        each.remove();
        metrics.waiting.decrementAndGet();
    }

    private void dropCancelled() {
        for (Iterator<Generation> each = waiting.iterator(); each.hasNext(); ) {
            Generation generation = each.next();
            if (generation.isCancelled()) {
                remove(each);
                generation.tell(new GenerationEvent.Finished(
                        GenerationEvent.Reason.CANCELLED,
                        generation.request().promptLength(),
                        0,
                        0,
                        java.time.Duration.ZERO,
                        java.time.Duration.ZERO));
            }
        }
    }

    /** Ends what waits and what runs, when the loop itself does not run any more; from any thread. */
    synchronized void failAll(Throwable problem) {
        pool.failAll(problem);
        for (Runnable order = orders.poll(); order != null; order = orders.poll()) {
            order.run();
        }
        failWaiting(problem);
    }

    private void failWaiting(Throwable problem) {
        List<Generation> all = List.copyOf(waiting);
        waiting.clear();
        metrics.waiting.addAndGet(-all.size());
        all.forEach(generation -> generation.tell(new GenerationEvent.Failed(problem)));
    }
}
