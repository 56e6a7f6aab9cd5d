package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import org.dndllm.EnvironmentException;

/**
 * What a sequence had in the KV cache of a context, in memory outside of it: it costs the context's other sequences
 * neither room nor time. Made by {@link LlamaContext#save}; the caller closes it, and the next one may use its memory.
 * Good for the context and the adapter set that computed it, and for nothing else.
 */
public final class SavedSequence implements AutoCloseable {
    private final StateMemory memory;
    private final StateMemory.Buffer buffer;
    private final MemorySegment state;
    private final LlamaContext context;
    private final AdapterSet set;
    private final int length;
    private boolean closed;

    /** Room for a state that is still to be written. */
    SavedSequence(LlamaContext context, StateMemory memory, int length, long bytes) {
        this.context = context;
        this.set = context.attached();
        this.length = length;
        this.memory = memory;
        try {
            buffer = memory.take(bytes, Math.ceilDiv(bytes, length) * context.contextLength());
        } catch (OutOfMemoryError e) {
            throw new EnvironmentException(
                    "There are no " + bytes + " bytes of memory to save a sequence of " + length + " positions of "
                            + context.name() + "; free memory, or give fewer contexts or shorter ones.",
                    e);
        }
        state = buffer.segment().asSlice(0, bytes);
    }

    /** Positions that it holds. */
    public int length() {
        return length;
    }

    /** Bytes of the state; the memory that it lies in may be up to a quarter larger. */
    public long bytes() {
        return state.byteSize();
    }

    /** @throws IllegalStateException if it is closed: its memory may hold another one */
    synchronized MemorySegment state() {
        if (closed) {
            throw new IllegalStateException("SavedSequence of " + context.name() + " is closed");
        }
        return state;
    }

    boolean belongsTo(LlamaContext other) {
        return context == other && set.equals(other.attached());
    }

    /** Gives the memory back to its context. Idempotent. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            memory.giveBack(buffer);
        }
    }
}
