package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dndllm.EnvironmentException;

/**
 * What a sequence had in the KV cache of a context, in memory outside of it: it costs the context's other sequences
 * neither room nor time. Made by {@link LlamaContext#save}; the caller closes it. Good for the context and the adapter set
 * that computed it, and for nothing else.
 */
public final class SavedSequence implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment state;
    private final LlamaContext context;
    private final AdapterSet set;
    private final int length;

    /** Memory for a state that is still to be written. */
    SavedSequence(LlamaContext context, int length, long bytes) {
        this.context = context;
        this.set = context.attached();
        this.length = length;
        try {
            state = arena.allocate(bytes);
        } catch (OutOfMemoryError e) {
            arena.close();
            throw new EnvironmentException(
                    "There are no " + bytes + " bytes of memory to save a sequence of " + length + " positions of "
                            + context.name() + "; free memory, or give fewer contexts or shorter ones.",
                    e);
        }
    }

    /** Positions that it holds. */
    public int length() {
        return length;
    }

    /** Memory that it takes. */
    public long bytes() {
        return state.byteSize();
    }

    MemorySegment state() {
        return state;
    }

    boolean belongsTo(LlamaContext other) {
        return context == other && set.equals(other.attached());
    }

    /** Gives the memory back. Idempotent. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
