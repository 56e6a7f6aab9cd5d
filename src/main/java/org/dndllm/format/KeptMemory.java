package org.dndllm.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory that is kept from one use to the next and grows when it must: fresh memory costs a page fault every 4 KB, as
 * much time as filling it. One user at a time; the owner closes it.
 */
public final class KeptMemory implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;

    /**
     * Memory of at least that many bytes, with whatever it held before.
     *
     * @return valid until the next call or {@link #close}
     */
    @SuppressWarnings("MustBeClosedChecker") // the field owns the arena; close() or the next growth closes it
    public MemorySegment room(long size) {
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
