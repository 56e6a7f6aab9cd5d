package org.dndllm.serve.schedule;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.dndllm.serve.metrics.Histogram;
import org.dndllm.serve.metrics.PrometheusText;

/** What the scheduler counts; names as in Prometheus. Thread-safe. */
public final class SchedulerMetrics {
    final LongAdder promptTokens = new LongAdder();
    final LongAdder cachedTokens = new LongAdder();
    final LongAdder generatedTokens = new LongAdder();
    /** Tokens whose KV was dropped because their context went to another adapter set. */
    final LongAdder droppedTokens = new LongAdder();

    final LongAdder leases = new LongAdder();
    final AtomicInteger waiting = new AtomicInteger();
    final AtomicInteger running = new AtomicInteger();
    final AtomicInteger contexts = new AtomicInteger();
    final Histogram timeToFirstToken = new Histogram();
    final Histogram tokenTime = new Histogram();

    SchedulerMetrics() {}

    /** Requests that wait for a place. */
    public int waiting() {
        return waiting.get();
    }

    /** Requests that are being computed. */
    public int running() {
        return running.get();
    }

    /** Contexts that exist. */
    public int contexts() {
        return contexts.get();
    }

    /** Prompt tokens that did not need to be computed. */
    public long cachedTokens() {
        return cachedTokens.sum();
    }

    /** Writes all of them. */
    public void write(PrometheusText out) {
        out.counter("dnd_prompt_tokens_total", "Prompt tokens computed.", promptTokens.sum())
                .counter("dnd_prompt_tokens_cached_total", "Prompt tokens taken from the KV cache.", cachedTokens.sum())
                .counter("dnd_generated_tokens_total", "Tokens generated.", generatedTokens.sum())
                .counter(
                        "dnd_kv_rebuild_tokens_total",
                        "Tokens dropped from a KV cache because its context changed the adapter set.",
                        droppedTokens.sum())
                .counter("dnd_context_leases_total", "Contexts given to an adapter set.", leases.sum())
                .gauge("dnd_contexts", "Contexts that exist.", contexts.get())
                .gauge("dnd_requests_in_flight", "Generations being computed.", running.get())
                .gauge("dnd_queue_depth", "Generations that wait.", waiting.get())
                .histogram("dnd_time_to_first_token_seconds", "From submission to the first token.", timeToFirstToken)
                .histogram("dnd_token_seconds", "Between two tokens of a generation.", tokenTime);
    }
}
