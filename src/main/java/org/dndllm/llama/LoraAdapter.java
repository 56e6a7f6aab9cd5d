package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A LoRA adapter in a model's memory, made by {@link LlamaModel#loadAdapter}. It may be used by several contexts of that
 * model at once and is thread-safe. Close it when no context has it attached any more; the model closes what is left.
 */
public final class LoraAdapter implements AutoCloseable {
    private final LlamaModel model;
    private final String name;
    private final long generation;
    private final int rank;
    private final float alpha;
    private final long bytes;
    private final MemorySegment pointer;

    /** Contexts that have this adapter attached; guarded by itself. */
    private final Set<LlamaContext> users = new HashSet<>();

    private boolean closed; // guarded by users

    LoraAdapter(
            LlamaModel model, String name, long generation, int rank, float alpha, long bytes, MemorySegment pointer) {
        this.model = model;
        this.name = name;
        this.generation = generation;
        this.rank = rank;
        this.alpha = alpha;
        this.bytes = bytes;
        this.pointer = pointer;
    }

    /** The name given at loading; need not be unique. */
    public String name() {
        return name;
    }

    /** Unique in this process and never used again: the identity of these weights. */
    public long generation() {
        return generation;
    }

    /** Rank r; the largest one where modules differ. */
    public int rank() {
        return rank;
    }

    /** Alpha; the adapter adds alpha / r times B A to a weight. */
    public float alpha() {
        return alpha;
    }

    /** Size of the GGUF it was loaded from. */
    public long bytes() {
        return bytes;
    }

    /** The model it belongs to. */
    public LlamaModel model() {
        return model;
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        synchronized (users) {
            return closed;
        }
    }

    /** Registers {@code context} as a user; the pointer stays valid until {@link #release}. */
    MemorySegment acquire(LlamaContext context) {
        synchronized (users) {
            if (closed) {
                throw new IllegalStateException(
                        "LoraAdapter \"" + name + "\" (generation " + generation + ") is closed");
            }
            users.add(context);
            return pointer;
        }
    }

    void release(LlamaContext context) {
        synchronized (users) {
            users.remove(context);
        }
    }

    /**
     * Frees the adapter's memory. Idempotent.
     *
     * @throws IllegalStateException if a context has it attached; the message names the context
     */
    @Override
    public void close() {
        synchronized (users) {
            if (closed) {
                return;
            }
            if (users.isEmpty() == false) {
                throw new IllegalStateException("LoraAdapter \"" + name + "\" is attached to " + names()
                        + "; attach another set there, or close that context, before closing the adapter");
            }
            closed = true;
        }
        model.free(this, pointer);
    }

    private String names() {
        return users.stream().map(LlamaContext::name).collect(Collectors.toCollection(TreeSet::new)).stream()
                .collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return "LoraAdapter[" + name + ", generation " + generation + ", rank " + rank + ", alpha " + alpha + "]";
    }
}
