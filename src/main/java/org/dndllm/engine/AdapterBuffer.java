package org.dndllm.engine;

import java.lang.foreign.MemorySegment;
import org.dndllm.format.GgmlType;
import org.dndllm.format.KeptMemory;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;

/** Memory that generated adapters are written to on their way into the model. One caller at a time; the owner closes it. */
public final class AdapterBuffer implements AutoCloseable {
    private final KeptMemory memory = new KeptMemory();

    /**
     * Writes an adapter as a GGUF file into this buffer.
     *
     * @return the file; valid until the next call or {@link #close}
     */
    public MemorySegment write(LoraWeights weights, GgmlType type) {
        return GgufAdapter.toMemory(weights, type, memory::room);
    }

    /** Frees the memory. Idempotent. */
    @Override
    public void close() {
        memory.close();
    }
}
