package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.dndllm.format.GgufFile;
import org.dndllm.format.KeptMemory;
import org.dndllm.lora.AdapterSummary;
import org.dndllm.lora.RankPadding;

/**
 * Adapter files as llama.cpp is to read them: in native memory, with ranks that this processor multiplies fast. What has to
 * be written for that goes to memory kept from one adapter to the next; hence one adapter at a time.
 */
final class AdapterIntake implements AutoCloseable {
    private final RowWidth width;
    private final KeptMemory memory = new KeptMemory();
    private final ReentrantLock inUse = new ReentrantLock();

    AdapterIntake(RowWidth width) {
        this.width = width;
    }

    /**
     * Lets {@code use} read the adapter; its bytes are valid until it returns.
     *
     * @param adapter has passed its check
     * @param summary what that found
     * @param gguf the bytes of {@code adapter}
     */
    <T> T read(GgufFile adapter, AdapterSummary summary, MemorySegment gguf, Function<MemorySegment, T> use) {
        inUse.lock();
        try {
            MemorySegment bytes = RankPadding.pad(adapter, summary, width.of(summary.types()), gguf, memory::room);
            if (bytes.isNative() == false) {
                bytes = memory.room(gguf.byteSize()).asSlice(0, gguf.byteSize()).copyFrom(gguf);
            }
            return use.apply(bytes);
        } finally {
            inUse.unlock();
        }
    }

    /** Frees the memory. Idempotent. */
    @Override
    public void close() {
        inUse.lock();
        try {
            memory.close();
        } finally {
            inUse.unlock();
        }
    }
}
