package org.dndllm.serve.schedule;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.dndllm.DndException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.SamplerChain;

/** A context while it serves one adapter set, and the generations that run on it. Only the loop touches it. */
final class ContextLease {
    private final LlamaContext context;
    private final SchedulerOptions options;
    private final SchedulerMetrics metrics;
    private final LlamaBatch batch;
    private final SequenceTable table;
    private final ParkedSequences parked;
    private final List<Lane> lanes = new ArrayList<>();
    private long since; // when this set got the context, by the pool's clock
    private long lastUsed;

    ContextLease(LlamaContext context, SchedulerOptions options, SchedulerMetrics metrics) {
        this.context = context;
        this.options = options;
        this.metrics = metrics;
        batch = LlamaBatch.create(context.batchSize());
        table = new SequenceTable(options.sequences(), context.contextLength(), ParkedSequences.SHORTEST);
        parked = new ParkedSequences(context);
    }

    AdapterSet set() {
        return context.attached();
    }

    int positions() {
        return context.contextLength();
    }

    boolean isIdle() {
        return lanes.isEmpty();
    }

    boolean hasStreams() {
        return lanes.stream().anyMatch(Lane::streams);
    }

    long since() {
        return since;
    }

    long lastUsed() {
        return lastUsed;
    }

    boolean uses(LoraAdapter adapter) {
        return set().entries().stream().anyMatch(entry -> entry.adapter() == adapter);
    }

    /** Gives the context, which is idle, to a set. */
    void serve(AdapterSet set, long now) {
        since = now;
        lastUsed = now;
        if (!set.equals(context.attached())) {
            metrics.droppedTokens.add(parked.positions());
            parked.clear();
            context.attach(set);
            table.clear();
            metrics.leases.increment();
        }
    }

    /** Starts a generation if there is room for it. */
    boolean admit(Generation generation, long now) {
        if (lanes.size() == options.parallel()) {
            return false;
        }
        GenerationRequest request = generation.request();
        Optional<SequenceTable.Plan> place =
                table.place(request.prompt(), request.positions(), !request.promptLogprobs());
        if (place.isEmpty()) {
            return false;
        }
        try {
            carryOut(place.get());
        } catch (DndException e) {
            table.forget(place.get().sequence());
            parked.forget(place.get().sequence());
            throw e;
        }
        lanes.add(new Lane(generation, place.get(), sampler(request), metrics));
        lastUsed = now;
        return true;
    }

    private void carryOut(SequenceTable.Plan plan) {
        plan.evicted().forEach(parked::forget);
        if (plan.reused() > 0) {
            parked.share(plan.source(), plan.sequence(), plan.reused());
        }
    }

    private Optional<SamplerChain> sampler(GenerationRequest request) {
        LlamaModel model = context.model();
        return request.sampling().isGreedy() ? Optional.empty() : Optional.of(model.newSampler(request.sampling()));
    }

    /**
     * Computes one batch: a token of every stream, and as much of the prompts as the budget allows.
     *
     * @param streamsWait whether any stream, on this context or another one, waits for its next token meanwhile
     */
    void step(PrefillBudget budget, boolean streamsWait) {
        endCancelled();
        batch.clear();
        List<Lane> inBatch = new ArrayList<>();
        for (Lane lane : lanes) {
            if (lane.streams()) {
                lane.addToken(batch);
                inBatch.add(lane);
            }
        }
        int streams = batch.size();
        addPrompts(inBatch, streamsWait ? budget.tokens(batch.capacity()) : batch.capacity(), streams);
        if (batch.size() == 0) {
            return;
        }
        long start = System.nanoTime();
        compute(inBatch);
        budget.learn(batch.size() - streams, streams, System.nanoTime() - start);
        removeEnded();
    }

    private void addPrompts(List<Lane> inBatch, int most, int streams) {
        int left = Math.min(most, batch.capacity() - streams);
        int outputs = options.sequences() - streams;
        for (Lane lane : lanes) {
            if (left == 0 || outputs == 0) {
                return;
            }
            if (!inBatch.contains(lane)) {
                int added = lane.addPrompt(batch, left, outputs);
                left -= added;
                outputs -= lane.outputs();
                inBatch.add(lane);
            }
        }
    }

    private void compute(List<Lane> inBatch) {
        // one lane's batch can be stopped at once; a batch of several ends with its step
        CancelToken cancel =
                inBatch.size() == 1 ? inBatch.getFirst().generation().cancelToken() : CancelToken.create();
        try {
            context.decode(batch, cancel);
        } catch (CancellationException e) {
            inBatch.getFirst().finish(GenerationEvent.Reason.CANCELLED);
            table.forget(inBatch.getFirst().sequence());
            context.remove(inBatch.getFirst().sequence());
            lanes.remove(inBatch.getFirst());
            return;
        }
        inBatch.forEach(lane -> lane.computed(table));
        inBatch.forEach(lane -> lane.advance(context));
    }

    private void endCancelled() {
        for (Lane lane : lanes) {
            if (lane.generation().isCancelled()) {
                lane.finish(GenerationEvent.Reason.CANCELLED);
            }
        }
        removeEnded();
    }

    private void removeEnded() {
        for (Iterator<Lane> each = lanes.iterator(); each.hasNext(); ) {
            Lane lane = each.next();
            if (lane.ended()) {
                keep(lane.sequence());
                each.remove();
            }
        }
    }

    private void keep(int sequence) {
        SequenceTable.End end = table.end(sequence);
        end.needless().forEach(parked::forget);
        if (end.kept()) {
            parked.park(sequence);
        } else {
            context.remove(sequence);
        }
    }

    /** Ends everything that runs here with an error; the context starts afresh. */
    void fail(Throwable problem) {
        failLanes(problem);
        table.clear();
        parked.clear();
        context.clear();
    }

    /** Ends everything that runs here with an error, without touching the context, which may be lost. */
    void failLanes(Throwable problem) {
        lanes.stream().filter(lane -> !lane.ended()).forEach(lane -> lane.fail(problem));
        lanes.clear();
    }

    void close() {
        parked.clear();
        context.close();
    }
}
