package org.dndllm.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dndllm.EnvironmentException;
import org.dndllm.bindings.LlamaCpp;

/** A copy of the adapter in a file that is deleted after loading, for platforms without fmemopen (Windows). */
record TemporaryAdapterFile(Path file) implements AdapterStream {
    /**
     * Writes the copy.
     *
     * @param folder to write it in
     * @throws EnvironmentException if it cannot be written; then no file is left
     */
    static TemporaryAdapterFile write(MemorySegment bytes, Path folder) {
        try {
            TemporaryAdapterFile copy = new TemporaryAdapterFile(Files.createTempFile(folder, "dnd-adapter", ".gguf"));
            try {
                copy.fill(bytes);
                return copy;
            } catch (IOException | RuntimeException e) {
                copy.close();
                throw e;
            }
        } catch (IOException e) {
            throw new EnvironmentException(
                    "no temporary file for an adapter of " + bytes.byteSize() + " bytes can be written in " + folder
                            + ": " + e + "; make room there, or name another folder with -Djava.io.tmpdir",
                    e);
        }
    }

    private void fill(MemorySegment bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                Arena arena = Arena.ofConfined()) {
            channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes.byteSize(), arena)
                    .copyFrom(bytes);
        }
    }

    @Override
    public MemorySegment load(MemorySegment model) {
        try (Arena arena = Arena.ofConfined()) {
            return LlamaCpp.llama_adapter_lora_init(model, arena.allocateFrom(file.toString()));
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new EnvironmentException("the temporary file " + file + " cannot be deleted: " + e, e);
        }
    }
}
