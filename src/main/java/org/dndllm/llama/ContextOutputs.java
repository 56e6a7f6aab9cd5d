package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.function.Function;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;

/**
 * What the last batch of a context left to read: which of its tokens have logits, and where. llama.cpp ends the process
 * when asked for others. The context has been entered by the caller.
 */
final class ContextOutputs {
    private final LlamaModel model;
    private final String context;
    private final MemorySegment pointer; // llama_context *
    private final boolean embeddings;
    private final BitSet outputs = new BitSet(); // tokens of the last batch that have logits
    private int last = -1;

    ContextOutputs(LlamaModel model, String context, MemorySegment pointer, boolean embeddings) {
        this.model = model;
        this.context = context;
        this.pointer = pointer;
        this.embeddings = embeddings;
    }

    void drop() {
        outputs.clear();
        last = -1;
    }

    /** Token {@code index} of the batch that was just computed has logits; indices ascend. */
    void add(int index) {
        outputs.set(index);
        last = index;
    }

    /** Index in the last batch of the last token that has logits. */
    int lastIndex() {
        if (last < 0) {
            throw new IllegalStateException(context
                    + " has no logits: decode a token that asks for them first (a change of adapters drops them)");
        }
        return last;
    }

    void require(int index) {
        lastIndex();
        if (index < 0 || outputs.get(index) == false) {
            throw new IllegalStateException(context + ": token " + index
                    + " of the last batch has no logits; those with logits are " + outputs);
        }
    }

    /** Logits of a token, [V] float32, read-only; the segment dies when the reader returns. */
    <T> T read(int index, Function<MemorySegment, T> reader) {
        try (Arena view = Arena.ofConfined()) {
            MemorySegment row = row(index);
            return reader.apply(
                    row.reinterpret(4L * model.vocabulary().size(), view, null).asReadOnly());
        }
    }

    /** Logits of a token; [V], a copy. */
    float[] copy(int index) {
        float[] copy = new float[model.vocabulary().size()];
        return read(index, segment -> {
            MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, 0, copy, 0, copy.length);
            return copy;
        });
    }

    /** The token with the highest logit after token {@code index}; the lowest id among equals. */
    int argmax(int index) {
        int size = model.vocabulary().size();
        MemorySegment logits = row(index).reinterpret(4L * size);
        int best = 0;
        float highest = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < size; token++) {
            float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, token);
            if (logit > highest) {
                highest = logit;
                best = token;
            }
        }
        return best;
    }

    private MemorySegment row(int index) {
        require(index);
        MemorySegment row = LlamaCpp.llama_get_logits_ith(pointer, index);
        if (row.address() == 0) {
            throw new NativeFailureException(context + ": llama.cpp has no logits for token " + index);
        }
        return row;
    }

    /** Hidden state of the last layer for a token; [C of the model]. */
    float[] embedding(int index) {
        if (embeddings == false) {
            throw new IllegalStateException(context + " was opened without embeddings");
        }
        require(index);
        int width = model.shape().hidden();
        return LlamaCpp.llama_get_embeddings_ith(pointer, index)
                .reinterpret(4L * width)
                .toArray(ValueLayout.JAVA_FLOAT);
    }
}
