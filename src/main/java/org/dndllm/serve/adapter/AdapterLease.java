package org.dndllm.serve.adapter;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dndllm.llama.AdapterSet;

/** The adapters of one request: they stay loaded until it is closed, whatever happens to their names meanwhile. */
public final class AdapterLease implements AutoCloseable {
    private final AdapterRegistry registry;
    private final List<AdapterEntry> entries;
    private final AdapterSet set;
    private final AtomicBoolean closed = new AtomicBoolean();

    AdapterLease(AdapterRegistry registry, List<AdapterEntry> entries, AdapterSet set) {
        this.registry = registry;
        this.entries = List.copyOf(entries);
        this.set = set;
    }

    /** What to compute with. */
    public AdapterSet set() {
        return set;
    }

    /** Generations of the adapters, in the order in which they were asked for. */
    public List<String> generations() {
        return entries.stream().map(entry -> entry.card().generation()).toList();
    }

    /** The request is over. Idempotent. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            registry.leave(entries);
        }
    }
}
