package org.dndllm.format;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_context_params;
import org.dndllm.bindings.llama_model_params;
import org.dndllm.llama.NativeLibrary;

/** llama.cpp without our object model, as the judge of what we write. */
public final class NativeLlama implements AutoCloseable {
    private static final int CPU_LAYERS_ONLY = 0;

    private final MemorySegment model;
    private final MemorySegment vocabulary;

    private NativeLlama(MemorySegment model) {
        this.model = model;
        this.vocabulary = LlamaCpp.llama_model_get_vocab(model);
    }

    /** Loads the library that the project uses; fails where it is not installed, as every other IT does. */
    public static void requireLibrary() {
        NativeLibrary library = NativeLibrary.locate();
        System.load(library.file().toString());
        try (Arena arena = Arena.ofConfined()) {
            LlamaCpp.ggml_backend_load_all_from_path(
                    arena.allocateFrom(library.folder().toString()));
        }
    }

    /** Opens a model, failing the test when llama.cpp refuses it. */
    public static NativeLlama open(Path gguf, boolean vocabularyOnly) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = LlamaCpp.llama_model_default_params(arena);
            llama_model_params.vocab_only(params, vocabularyOnly);
            llama_model_params.n_gpu_layers(params, CPU_LAYERS_ONLY);
            MemorySegment model = LlamaCpp.llama_model_load_from_file(arena.allocateFrom(gguf.toString()), params);
            if (model.address() == 0) {
                throw new AssertionError("llama.cpp refuses " + gguf);
            }
            return new NativeLlama(model);
        }
    }

    public int vocabularySize() {
        return LlamaCpp.llama_vocab_n_tokens(vocabulary);
    }

    public int[] tokenize(String text, boolean parseSpecial) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, utf8);
            MemorySegment tokens = arena.allocate(ValueLayout.JAVA_INT, utf8.length + 8L);
            int count = LlamaCpp.llama_tokenize(
                    vocabulary, bytes, utf8.length, tokens, utf8.length + 8, false, parseSpecial);
            return Arrays.copyOf(tokens.toArray(ValueLayout.JAVA_INT), count);
        }
    }

    public String detokenize(int[] tokens) {
        try (Arena arena = Arena.ofConfined()) {
            int room = 64 + 256 * tokens.length;
            MemorySegment text = arena.allocate(room);
            MemorySegment ids = arena.allocateFrom(ValueLayout.JAVA_INT, tokens);
            int count = LlamaCpp.llama_detokenize(vocabulary, ids, tokens.length, text, room, false, true);
            byte[] utf8 = text.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
            return new String(utf8, StandardCharsets.UTF_8);
        }
    }

    /** Logits [V] behind the last of the tokens, one thread. */
    public float[] logits(int[] tokens) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment params = LlamaCpp.llama_context_default_params(arena);
            llama_context_params.n_ctx(params, 64);
            llama_context_params.n_threads(params, 1);
            llama_context_params.n_threads_batch(params, 1);
            MemorySegment context = LlamaCpp.llama_init_from_model(model, params);
            try {
                MemorySegment ids = arena.allocateFrom(ValueLayout.JAVA_INT, tokens);
                int status = LlamaCpp.llama_decode(context, LlamaCpp.llama_batch_get_one(arena, ids, tokens.length));
                if (status != 0) {
                    throw new AssertionError("llama_decode gives " + status);
                }
                return LlamaCpp.llama_get_logits_ith(context, -1)
                        .reinterpret(4L * vocabularySize())
                        .toArray(ValueLayout.JAVA_FLOAT);
            } finally {
                LlamaCpp.llama_free(context);
            }
        }
    }

    @Override
    public void close() {
        LlamaCpp.llama_model_free(model);
    }
}
