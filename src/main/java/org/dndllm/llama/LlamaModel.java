package org.dndllm.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_model_params;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.AdapterSummary;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A base model in memory. It owns its weights and everything made from it; {@link #close} ends contexts first, then
 * samplers, image encoders and adapters, then the model. Thread-safe; contexts are not.
 *
 * <p>If llama.cpp asserts in spite of validation, this model becomes unusable: every later call on it or on anything made
 * from it is a {@link NativeFailureException}, and {@code close()} leaves its native memory where it is, because the
 * parked thread may still hold it.
 */
public final class LlamaModel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LlamaModel.class);
    private static final AtomicLong GENERATIONS = new AtomicLong();

    private final String source;
    private final ModelFile file;
    private final NativeThread.Domain domain = new NativeThread.Domain();
    private final NativeThread thread;
    private final MemorySegment pointer;
    private final Vocabulary vocabulary;
    private final boolean onGpu;
    private final AdapterIntake intake;

    // llama.cpp keeps the adapters of a model in a set without a lock: written when one is loaded or freed, read when a
    // context reserves its graphs (at creation and in the first decode after a change of adapters).
    private final ReadWriteLock adapterTable = new ReentrantReadWriteLock();

    // Read by every direct call into native code, written by close: nothing runs on freed memory.
    private final ReadWriteLock life = new ReentrantReadWriteLock();

    private final ModelChildren children;
    private volatile boolean closed;

    private LlamaModel(Path gguf, ModelOptions options) {
        source = gguf.toString();
        children = new ModelChildren(toString());
        file = ModelFile.check(gguf);
        LlamaLibrary library = LlamaLibrary.load();
        if (options.gpuLayers() > 0) {
            library.requireBackend(options.backend());
        }
        thread = new NativeThread(domain, "model");
        onGpu = options.gpuLayers() > 0;
        pointer = load(gguf, options);
        intake = new AdapterIntake(onGpu ? RowWidth.ANY : RowWidth.parse(library.systemInfo()));
        vocabulary = new Vocabulary(
                this,
                LlamaCpp.llama_model_get_vocab(pointer),
                options.chatTemplate().or(this::chatTemplate));
    }

    private Optional<String> chatTemplate() {
        MemorySegment template = LlamaCpp.llama_model_chat_template(pointer, MemorySegment.NULL);
        return template.address() == 0 ? Optional.empty() : Optional.of(template.getString(0));
    }

    /**
     * Checks the file completely, then loads it.
     *
     * @param gguf a Qwen2 or Qwen2.5 model; of one in several files the first, with the others beside it
     * @throws InvalidInputException if the file is not such a model, naming the key or tensor at fault
     * @throws EnvironmentException if the library or the backend asked for is missing
     */
    public static LlamaModel open(Path gguf, ModelOptions options) {
        return new LlamaModel(gguf, options);
    }

    private MemorySegment load(Path gguf, ModelOptions options) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment params = LlamaCpp.llama_model_default_params(arena);
            llama_model_params.n_gpu_layers(params, options.gpuLayers());
            llama_model_params.load_mode(
                    params, options.memoryMap() ? LlamaCpp.LLAMA_LOAD_MODE_MMAP() : LlamaCpp.LLAMA_LOAD_MODE_NONE());
            llama_model_params.check_tensors(params, options.checkTensors());
            MemorySegment path = arena.allocateFrom(gguf.toAbsolutePath().toString());
            return create(
                    "load model " + source,
                    () -> LlamaCpp.llama_model_load_from_file(path, params),
                    reason -> new InvalidInputException(source, "model", "llama.cpp refused it: " + reason));
        } catch (RuntimeException e) {
            thread.close();
            throw e;
        }
    }

    /** Runs a native constructor and explains a NULL with what the library said meanwhile. */
    MemorySegment create(String what, Supplier<MemorySegment> call, Function<String, RuntimeException> problem) {
        long mark = NativeLog.mark();
        MemorySegment made = thread.call(what, call);
        if (made.address() == 0) {
            String said = NativeLog.since(mark, thread.worker());
            throw problem.apply(said.isEmpty() ? "without a reason" : said);
        }
        return made;
    }

    /** Where it was opened. */
    public String source() {
        return source;
    }

    /** Measures of the model. */
    public BaseShape shape() {
        return file.shape();
    }

    /** Context length that it was trained for. */
    public int trainLength() {
        return file.trainLength();
    }

    /** Its tokens. */
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /**
     * Kind, size and quantisation in llama.cpp's words, such as {@code qwen2 0.5B Q8_0}. Where it knows no name for the size,
     * the parameters are counted: {@code qwen2 0.9M F16}.
     */
    public String description() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(256);
            whileOpen(() -> LlamaCpp.llama_model_desc(pointer, buffer, buffer.byteSize()));
            return buffer.getString(0).replace("?B", size(parameters()));
        }
    }

    /** Weights in all tensors. */
    public long parameters() {
        return whileOpen(() -> LlamaCpp.llama_model_n_params(pointer));
    }

    private static String size(long parameters) {
        return parameters < 1e9
                ? String.format(Locale.ROOT, "%.1fM", parameters / 1e6)
                : String.format(Locale.ROOT, "%.1fB", parameters / 1e9);
    }

    /** Size of all tensors in bytes. */
    public long sizeInBytes() {
        return whileOpen(() -> LlamaCpp.llama_model_size(pointer));
    }

    /** A context of its own KV cache and adapter set. The caller closes it, or the model does. */
    public LlamaContext newContext(ContextOptions options) {
        return newContext(options, Optional.empty());
    }

    /** A native thread that several contexts of this model can share. The caller closes it before the model. */
    public ContextThread newContextThread(String name) {
        requireOpen();
        return new ContextThread(this, new NativeThread(domain, name));
    }

    LlamaContext newContext(ContextOptions options, Optional<NativeThread> shared) {
        return whileOpen(() -> {
            adapterTable.readLock().lock();
            try {
                return children.add(new LlamaContext(this, pointer, domain, shared, options));
            } finally {
                adapterTable.readLock().unlock();
            }
        });
    }

    /** A sampler chain for contexts of this model. The caller closes it, or the model does. */
    public SamplerChain newSampler(SamplerOptions options) {
        return whileOpen(() -> children.add(new SamplerChain(this, options)));
    }

    /**
     * Opens the image encoder that belongs to this model, after a full check. The caller closes it, or the model does.
     *
     * @param mmproj the encoder and projector of a Qwen2.5-VL model as one GGUF file
     * @throws InvalidInputException if the file is malformed or made for another model, or this model reads no images
     * @throws EnvironmentException if this build of llama.cpp has no libmtmd
     */
    public VisionProjector openVision(Path mmproj, VisionOptions options) {
        requireOpen();
        VisionProjector.check(this, mmproj);
        return whileOpen(
                () -> children.add(new VisionProjector(this, pointer, mmproj.toAbsolutePath(), options, onGpu)));
    }

    /**
     * Loads an adapter from GGUF bytes in memory, without a file where the platform can (POSIX), after a full check.
     *
     * @param gguf the whole GGUF file; may be freed after this call
     * @param name for messages and lists; need not be unique
     * @throws InvalidInputException if it is malformed or made for another base model, naming the key or tensor
     */
    public LoraAdapter loadAdapter(MemorySegment gguf, String name) {
        return loadAdapter(gguf, name, AdapterStream.opener());
    }

    /** The same by a given way into llama.cpp. */
    LoraAdapter loadAdapter(MemorySegment gguf, String name, Function<MemorySegment, AdapterStream> opener) {
        requireOpen();
        try (GgufFile adapter = GgufFile.of(gguf, name)) {
            AdapterSummary summary = GgufAdapter.validate(adapter, file.tensors());
            return intake.read(adapter, summary, gguf, bytes -> {
                // The caller's segment may be confined to its thread, which waits while the native thread reads.
                MemorySegment shared = MemorySegment.ofAddress(bytes.address()).reinterpret(bytes.byteSize());
                try (AdapterStream stream = opener.apply(shared)) {
                    return whileOpen(() -> insert(name, summary, gguf.byteSize(), () -> stream.load(pointer)));
                }
            });
        } finally {
            Reference.reachabilityFence(gguf);
        }
    }

    /**
     * Loads an adapter from a GGUF file, after a full check.
     *
     * @throws InvalidInputException as {@link #loadAdapter(MemorySegment, String)}, or if the file cannot be read
     */
    public LoraAdapter loadAdapter(Path gguf) {
        requireOpen();
        try (FileChannel channel = FileChannel.open(gguf, StandardOpenOption.READ);
                Arena arena = Arena.ofShared()) {
            // Mapped, checked and loaded from the same memory: the file cannot change between check and load unnoticed.
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return loadAdapter(bytes, gguf.toString());
        } catch (IOException e) {
            throw new InvalidInputException(
                    gguf.toString(), "file", "cannot be read: " + e + "; check the path and its permissions", e);
        }
    }

    private LoraAdapter insert(String name, AdapterSummary summary, long bytes, Supplier<MemorySegment> init) {
        adapterTable.writeLock().lock();
        try {
            MemorySegment made = create(
                    "load adapter " + name,
                    init,
                    reason -> new InvalidInputException(name, "adapter", "llama.cpp refused it: " + reason));
            return children.add(new LoraAdapter(
                    this, name, GENERATIONS.incrementAndGet(), summary.highestRank(), summary.alpha(), bytes, made));
        } finally {
            adapterTable.writeLock().unlock();
        }
    }

    /** Adapters that are loaded now, oldest first. */
    public List<LoraAdapter> adapters() {
        return children.adapters();
    }

    void free(LoraAdapter adapter, MemorySegment adapterPointer) {
        forget(adapter);
        if (domain.failure() != null) {
            return;
        }
        adapterTable.writeLock().lock();
        try {
            thread.run("free adapter " + adapter.name(), () -> LlamaCpp.llama_adapter_lora_free(adapterPointer));
        } finally {
            adapterTable.writeLock().unlock();
        }
    }

    void forget(AutoCloseable child) {
        children.forget(child);
    }

    /**
     * Runs a loop of calls to this model's vocabulary on its native thread: one hand-off between threads for all of them, as
     * {@link LlamaContext#onNativeThread} does for a context. Other callers wait meanwhile.
     *
     * @param loop what it throws is thrown here
     * @return what the loop returns, never null
     */
    public <T> T onNativeThread(Supplier<T> loop) {
        requireOpen();
        return thread.call("loop on the model", loop);
    }

    /** Runs {@code call} on this model's native thread. */
    int onThread(String what, IntSupplier call) {
        requireOpen();
        return thread.callInt(what, call);
    }

    /** Runs {@code call} on the current thread while {@link #close} is kept out. */
    <T> T whileOpen(Supplier<T> call) {
        life.readLock().lock();
        try {
            requireOpen();
            return call.get();
        } finally {
            life.readLock().unlock();
        }
    }

    ReadWriteLock adapterTable() {
        return adapterTable;
    }

    boolean isPoisoned() {
        return domain.failure() != null;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        domain.require();
    }

    /**
     * Ends contexts (waiting for a decode in progress, which is cancelled), samplers, image encoders, adapters and the model.
     * Idempotent.
     */
    @Override
    public void close() {
        if (children.close() == false) {
            return;
        }
        boolean freed;
        life.writeLock().lock();
        try {
            freed = free();
        } finally {
            life.writeLock().unlock();
        }
        if (freed) {
            // Not under the lock: whoever loads an adapter holds the intake and asks for that lock.
            intake.close();
        }
    }

    /** Returns false if llama.cpp may still use what it has. */
    private boolean free() {
        closed = true;
        if (domain.failure() != null) {
            LOG.warn("{} stays in memory: llama.cpp asserted in it, and its parked thread may still use it", this);
            return false;
        }
        thread.run("free model " + source, () -> LlamaCpp.llama_model_free(pointer));
        thread.close();
        return true;
    }

    @Override
    public String toString() {
        return "LlamaModel " + source;
    }
}
