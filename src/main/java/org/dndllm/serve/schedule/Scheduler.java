package org.dndllm.serve.schedule;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ContextThread;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Generates for many callers at once over one shared model. Thread-safe. The caller closes it, before the model.
 *
 * <p>Answers are those that the same adapter set gives alone, up to near ties: other batch shapes round the logits
 * differently in the last digits.
 */
public final class Scheduler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    private final SchedulerOptions options;
    private final SchedulerMetrics metrics = new SchedulerMetrics();
    private final BlockingQueue<Runnable> orders = new LinkedBlockingQueue<>();
    private final ContextThread thread;
    private final SchedulerLoop loop;
    private final int positions;
    private final Thread runner;
    private volatile @Nullable Throwable failure; // why nothing is taken any more

    private Scheduler(LlamaModel model, SchedulerOptions options) {
        this.options = options;
        thread = model.newContextThread("scheduler");
        ContextPool pool = new ContextPool(thread, options, metrics);
        try {
            // the first context serves the base model, and tells what a context is like before anyone asks
            positions =
                    thread.call(() -> pool.lease(AdapterSet.EMPTY).orElseThrow().positions());
        } catch (RuntimeException e) {
            thread.close();
            throw e;
        }
        loop = new SchedulerLoop(pool, orders, metrics);
        runner = Thread.ofVirtual().name("dnd-scheduler").start(this::runLoop);
    }

    /**
     * Starts one.
     *
     * @throws org.dndllm.EnvironmentException if there is no memory for a context
     */
    public static Scheduler start(LlamaModel model, SchedulerOptions options) {
        return new Scheduler(model, options);
    }

    private void runLoop() {
        try {
            thread.call(() -> {
                try {
                    loop.run();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("nobody interrupts the loop's own thread", e);
                }
                return true;
            });
        } catch (RuntimeException | Error e) {
            LOG.error("the scheduler's loop ended: nothing can be generated until the server is started again", e);
            failure = e;
            loop.failAll(e);
        }
    }

    /** As {@link #submit(GenerationRequest, CancelToken)} under a token of its own: {@link Generation#cancel} ends it alone. */
    public Generation submit(GenerationRequest request) {
        return submit(request, CancelToken.create());
    }

    /**
     * Hands in a request.
     *
     * @param cancel ends it, wherever it is, and everything else that was submitted under it
     * @throws QueueFullException if as many wait as may wait
     * @throws InvalidInputException if prompt and answer together are longer than a context
     * @throws IllegalStateException if the scheduler is closed or its loop was lost
     */
    public Generation submit(GenerationRequest request, CancelToken cancel) {
        if (request.positions() > positions) {
            throw new InvalidInputException(
                    "request",
                    "prompt",
                    "has " + request.promptLength() + " tokens; with an answer of up to " + request.maxTokens()
                            + " that is more than the " + positions
                            + " positions of a context; shorten the prompt or ask for fewer tokens");
        }
        requireRunning();
        if (metrics.waiting.incrementAndGet() > options.queue()) {
            metrics.waiting.decrementAndGet();
            throw new QueueFullException(options.queue());
        }
        Generation generation = new Generation(request, cancel);
        order(() -> loop.add(generation));
        return generation;
    }

    /**
     * Takes an adapter off every context, so that it can be closed. Completes exceptionally while a generation uses it.
     */
    public CompletableFuture<Void> release(LoraAdapter adapter) {
        requireRunning();
        CompletableFuture<Void> done = new CompletableFuture<>();
        order(() -> {
            Throwable lost = failure;
            if (lost != null) {
                done.completeExceptionally(lost);
                return;
            }
            try {
                loop.detach(adapter);
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    private void order(Runnable order) {
        orders.add(order);
        Throwable lost = failure;
        if (lost != null) { // the loop ended between the caller's check and now: nobody would take the order
            loop.failAll(lost);
        }
    }

    private void requireRunning() {
        Throwable lost = failure;
        if (lost != null) {
            throw new IllegalStateException("the scheduler does not run: " + lost.getMessage(), lost);
        }
    }

    /** Whether it takes requests; not after it was closed or its loop was lost. */
    public boolean isRunning() {
        return failure == null;
    }

    /** Positions that prompt and answer may take together. */
    public int positions() {
        return positions;
    }

    /** How much runs at once. */
    public SchedulerOptions options() {
        return options;
    }

    /** What it counts. */
    public SchedulerMetrics metrics() {
        return metrics;
    }

    /** Ends everything that waits or runs with an error, and frees the contexts. Idempotent. */
    @Override
    public void close() {
        orders.add(loop::end);
        try {
            runner.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure == null) {
            failure = new IllegalStateException("it is closed");
            loop.failAll(failure);
        }
        thread.close();
    }
}
