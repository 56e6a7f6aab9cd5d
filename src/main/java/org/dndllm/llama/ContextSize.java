package org.dndllm.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_context_params;
import org.dndllm.lora.BaseShape;

/**
 * How long a context becomes, and its creation. llama.cpp takes any length and lets the machine swap to a standstill, so
 * the KV cache is held against the memory that is free.
 */
final class ContextSize {
    private static final int BYTES_PER_VALUE = 2; // F16, for K and for V
    private static final Path MEMORY_INFO = Path.of("/proc/meminfo");
    private static final double SHARE = 0.8;

    private ContextSize() {}

    /** Positions, within the training length and the machine's memory. */
    static int of(LlamaModel model, ContextOptions options) {
        int train = model.trainLength();
        int wanted =
                options.contextLength() == 0 ? Math.min(train, ContextOptions.DEFAULT_LENGTH) : options.contextLength();
        if (wanted > train && options.beyondTraining() == false) {
            throw new InvalidInputException(
                    "context options",
                    "contextLength",
                    wanted + " is more than the " + train
                            + " positions that the model was trained for; give less, or set beyondTraining");
        }
        long needed = cacheBytes(model.shape(), wanted);
        OptionalLong free = freeBytes();
        if (free.isPresent() && needed > SHARE * free.getAsLong()) {
            throw new EnvironmentException("A context of " + wanted + " positions needs " + (needed >> 20)
                    + " MiB for its KV cache, but " + (free.getAsLong() >> 20)
                    + " MiB of memory are free and a fifth is kept back; give a smaller contextLength.");
        }
        return wanted;
    }

    static long cacheBytes(BaseShape shape, long positions) {
        return 2L * BYTES_PER_VALUE * shape.layers() * shape.kvHeads() * shape.headDim() * positions;
    }

    /** Memory that can be had without swapping, where the system tells. */
    private static OptionalLong freeBytes() {
        try {
            if (Files.isReadable(MEMORY_INFO)) {
                for (String line : Files.readAllLines(MEMORY_INFO)) {
                    if (line.startsWith("MemAvailable:")) {
                        return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) << 10);
                    }
                }
            }
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
        return OptionalLong.empty();
    }

    static MemorySegment create(
            String name, NativeThread thread, MemorySegment model, ContextOptions options, int contextLength) {
        int threads = options.threads() == 0 ? ContextOptions.defaultThreads() : options.threads();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment params = LlamaCpp.llama_context_default_params(arena);
            llama_context_params.n_ctx(params, contextLength);
            llama_context_params.n_batch(params, options.batch());
            llama_context_params.n_ubatch(params, options.microBatch());
            llama_context_params.n_seq_max(params, options.sequences());
            llama_context_params.n_outputs_max(params, options.effectiveOutputs());
            llama_context_params.n_threads(params, threads);
            llama_context_params.n_threads_batch(params, threads);
            llama_context_params.embeddings(params, options.embeddings());
            // per token, whatever the model's file asks for: pooled states would not be where embedding() reads
            llama_context_params.pooling_type(params, LlamaCpp.LLAMA_POOLING_TYPE_NONE());
            llama_context_params.flash_attn_type(params, options.flashAttention().code());
            // one pool of cells for all sequences: a sequence may use all of it, and copies share cells
            llama_context_params.kv_unified(params, true);
            long mark = NativeLog.mark();
            MemorySegment made = thread.call("create " + name, () -> LlamaCpp.llama_init_from_model(model, params));
            if (made.address() == 0) {
                throw new EnvironmentException("llama.cpp could not create " + name + " of " + contextLength
                        + " positions: " + NativeLog.since(mark, thread.worker())
                        + ". Give a smaller contextLength or batch, or free memory.");
            }
            return made;
        }
    }
}
