package org.dndllm.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;

/**
 * Native memory that generated adapters are written to on their way into the model, kept from one to the next: fresh
 * memory costs a page fault every 4 KB, as much time as the conversion itself. One caller at a time; the owner closes it.
 */
public final class AdapterBuffer implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;

    /**
     * Writes an adapter as a GGUF file into this buffer.
     *
     * @return the file; valid until the next call or {@link #close}
     */
    public MemorySegment write(LoraWeights weights, GgmlType type) {
        return GgufAdapter.toMemory(weights, type, this::room);
    }

    @SuppressWarnings("MustBeClosedChecker") // the field owns the arena; close() or the next growth closes it
    private MemorySegment room(long size) {
        if (memory.byteSize() < size) {
            arena.close();
            arena = Arena.ofShared();
            memory = MemorySegment.NULL;
            memory = arena.allocate(size, ALIGNMENT);
        }
        return memory;
    }

    /** Frees the memory. Idempotent. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            memory = MemorySegment.NULL;
            arena.close();
        }
    }
}
