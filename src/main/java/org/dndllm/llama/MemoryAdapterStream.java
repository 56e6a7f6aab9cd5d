package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import org.dndllm.bindings.LlamaCpp;

/** A stdio stream over native memory (fmemopen): nothing is copied, nothing is written. */
record MemoryAdapterStream(MemorySegment bytes) implements AdapterStream {
    @Override
    public MemorySegment load(MemorySegment model) {
        MemorySegment stream = CStandard.openForReading(bytes);
        if (stream.address() == 0) {
            return MemorySegment.NULL;
        }
        try {
            return LlamaCpp.llama_adapter_lora_init_from_file_ptr(model, stream);
        } finally {
            CStandard.close(stream);
        }
    }

    @Override
    public void close() {
        // the stream lives for one load only, the memory is the caller's
    }
}
