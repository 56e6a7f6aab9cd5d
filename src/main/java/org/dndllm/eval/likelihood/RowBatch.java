package org.dndllm.eval.likelihood;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;

/**
 * Collects tokens into batches as large as the context takes, computes each when it is full, and shows every row of logits
 * that was asked for to who asked, before the next batch overwrites it.
 */
final class RowBatch {
    /** A reader of the logits of a token of the batch. */
    private record Wanted(int index, Consumer<MemorySegment> reader) {}

    private final LlamaContext context;
    private final LlamaBatch batch;
    private final List<Wanted> wanted = new ArrayList<>();

    RowBatch(LlamaContext context) {
        this.context = context;
        batch = LlamaBatch.create(context.batchSize());
    }

    void add(int token, int position, int sequence) {
        batch.add(token, position, sequence, false);
        if (batch.size() == batch.capacity()) {
            compute();
        }
    }

    /** @param reader gets the logits after the token, [V] float32; the segment dies when it returns */
    void add(int token, int position, int sequence, Consumer<MemorySegment> reader) {
        wanted.add(new Wanted(batch.add(token, position, sequence, true), reader));
        if (batch.size() == batch.capacity() || wanted.size() == context.maxOutputs()) {
            compute();
        }
    }

    /** Computes what is left. */
    void compute() {
        if (batch.size() == 0) {
            return;
        }
        context.decode(batch);
        for (Wanted each : wanted) {
            context.withLogits(each.index, row -> {
                each.reader.accept(row);
                return true;
            });
        }
        wanted.clear();
        batch.clear();
    }
}
