package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.dndllm.bindings.LlamaCpp;

/**
 * The adapter set of a context, and the only place where llama.cpp is told about it. An adapter that is in the set is
 * acquired and cannot be closed. The context has been entered by the caller.
 */
final class ContextAdapters {
    private final LlamaContext context;
    private final MemorySegment pointer; // llama_context *
    private final NativeThread thread;
    private AdapterSet attached = AdapterSet.EMPTY;

    ContextAdapters(LlamaContext context, MemorySegment pointer, NativeThread thread) {
        this.context = context;
        this.pointer = pointer;
        this.thread = thread;
    }

    AdapterSet attached() {
        return attached;
    }

    /** Refuses adapters of another model. */
    void require(AdapterSet set) {
        List<AdapterSet.Entry> entries = set.entries();
        if (entries.isEmpty() == false && entries.getFirst().adapter().model() != context.model()) {
            throw new IllegalArgumentException("adapter \""
                    + entries.getFirst().adapter().name() + "\" belongs to "
                    + entries.getFirst().adapter().model() + ", " + context.name() + " to " + context.model());
        }
    }

    /**
     * Puts {@code set} in the place of the present one.
     *
     * @param dropCache runs on the native thread right after, while {@link #attached} is still the old set
     */
    void replace(AdapterSet set, Runnable dropCache) {
        List<AdapterSet.Entry> entries = set.entries();
        AdapterSet before = attached;
        try (Arena temporary = Arena.ofShared()) {
            MemorySegment pointers = temporary.allocate(ValueLayout.ADDRESS, Math.max(1, entries.size()));
            MemorySegment scales = temporary.allocate(ValueLayout.JAVA_FLOAT, Math.max(1, entries.size()));
            int taken = 0;
            try {
                for (AdapterSet.Entry entry : entries) {
                    pointers.setAtIndex(
                            ValueLayout.ADDRESS, taken, entry.adapter().acquire(context));
                    scales.setAtIndex(ValueLayout.JAVA_FLOAT, taken, entry.scale());
                    taken++;
                }
                thread.run("attach adapters", () -> {
                    LlamaCpp.llama_set_adapters_lora(pointer, pointers, entries.size(), scales);
                    dropCache.run();
                });
            } catch (RuntimeException e) {
                for (AdapterSet.Entry entry : entries.subList(0, taken)) {
                    if (before.contains(entry.adapter()) == false) {
                        entry.adapter().release(context);
                    }
                }
                throw e;
            }
        }
        attached = set;
        for (AdapterSet.Entry entry : before.entries()) {
            if (set.contains(entry.adapter()) == false) {
                entry.adapter().release(context);
            }
        }
    }

    /** The context ends: its adapters may be closed. */
    void release() {
        attached.entries().forEach(entry -> entry.adapter().release(context));
        attached = AdapterSet.EMPTY;
    }
}
