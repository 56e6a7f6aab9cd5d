package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What a sequence had in the KV cache of a context, in memory outside of it: it costs the context's other sequences
 * neither room nor time. Made by {@link LlamaContext#save}; the caller closes it. Good for the context and the adapter set
 * that computed it, and for nothing else.
 */
public final class SavedSequence implements AutoCloseable {
    private final Arena arena;
    private final MemorySegment state;
    private final LlamaContext context;
    private final AdapterSet set;
    private final int length;

    SavedSequence(Arena arena, MemorySegment state, LlamaContext context, int length) {
        this.arena = arena;
        this.state = state;
        this.context = context;
        this.set = context.attached();
        this.length = length;
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
