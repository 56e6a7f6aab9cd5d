package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.function.Function;

/** The way of an adapter's bytes into llama.cpp, which reads a stdio stream or a path, never memory. */
interface AdapterStream extends AutoCloseable {
    /**
     * Lets llama.cpp read the adapter; on the native thread.
     *
     * @param model llama_model *
     * @return llama_adapter_lora *, NULL if llama.cpp refuses
     */
    MemorySegment load(MemorySegment model);

    /** Gives back what the way cost. Idempotent. */
    @Override
    void close();

    /** What this platform can: a stream over the memory itself (POSIX), else a temporary file. */
    static Function<MemorySegment, AdapterStream> opener() {
        return CStandard.hasMemoryFiles()
                ? MemoryAdapterStream::new
                : bytes -> TemporaryAdapterFile.write(bytes, Path.of(System.getProperty("java.io.tmpdir")));
    }
}
