package org.dndllm.serve.adapter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.serve.schedule.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names and the adapters behind them. A name can be given to other weights at any time: requests that run keep theirs,
 * which are freed after the last one. New weights come from the {@link AdapterWorkshop}. Closes neither model, scheduler
 * nor store; the adapters go with the model. Thread-safe.
 */
public final class AdapterRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);

    private final LlamaModel model;
    private final Scheduler scheduler;
    private final AdapterStore store;
    private final AdapterLimits limits;
    private final Map<String, AdapterEntry> entries = new LinkedHashMap<>(); // guarded by itself
    private long serial; // guarded by entries; of the last generation
    private int lastId = -1; // guarded by entries

    /** An adapter and a scale that a request asks for, by name or, as llama-server does, by number. */
    public record Choice(Optional<String> name, int id, float scale) {
        /** By name. */
        public static Choice of(String name, float scale) {
            return new Choice(Optional.of(name), -1, scale);
        }

        /** By number. */
        public static Choice of(int id, float scale) {
            return new Choice(Optional.empty(), id, scale);
        }
    }

    /** A line of the global set. */
    public record Global(int id, String name, float scale) {}

    /** Opens a registry and loads what the store holds. */
    public AdapterRegistry(LlamaModel model, Scheduler scheduler, AdapterStore store, AdapterLimits limits) {
        this.model = model;
        this.scheduler = scheduler;
        this.store = store;
        this.limits = limits;
        store.restore().forEach(this::restore);
    }

    private void restore(AdapterStore.Stored stored) {
        try {
            LoraAdapter adapter = model.loadAdapter(stored.folder().resolve(AdapterStore.GGUF));
            synchronized (entries) {
                serial = Math.max(serial, AdapterCard.serial(stored.card().generation()));
                entries.put(
                        stored.card().name(), new AdapterEntry(++lastId, stored.card(), adapter, stored.folder(), 0f));
            }
        } catch (InvalidInputException e) {
            LOG.warn("the stored adapter {} is not restored: {}", stored.card().name(), e.getMessage());
        }
    }

    // ---- coming -----------------------------------------------------------------------------------------------------

    /** A name for an adapter whose maker gave none. */
    public String freshName() {
        synchronized (entries) {
            long number = serial + 1;
            while (entries.containsKey("generated-" + number)) {
                number++;
            }
            return "generated-" + number;
        }
    }

    /** Refuses what is in the way of new weights, before any work is spent on them. */
    void requirePlace(AdapterPublication publication) {
        synchronized (entries) {
            @Nullable AdapterEntry present = entries.get(publication.name());
            if (present == null) {
                if (publication.expectedGeneration().isPresent()) {
                    throw notFound("\"" + publication.name() + "\"");
                }
                if (entries.size() >= limits.adapters()) {
                    throw new AdapterException(
                            AdapterException.Code.LIMIT_REACHED,
                            entries.size() + " adapters are loaded, this server takes no more; unload one");
                }
                return;
            }
            if (!publication.replace()) {
                throw new AdapterException(
                        AdapterException.Code.ALREADY_LOADED,
                        "an adapter \"" + publication.name()
                                + "\" is loaded; choose another name, or set load_inplace to replace it");
            }
            requireGeneration(publication, present);
        }
    }

    private static void requireGeneration(AdapterPublication publication, AdapterEntry present) {
        publication.expectedGeneration().ifPresent(expected -> {
            if (!expected.equals(present.card().generation())) {
                throw new AdapterException(
                        AdapterException.Code.GENERATION_MISMATCH,
                        "adapter \"" + publication.name() + "\" is generation "
                                + present.card().generation() + ", not the expected one; look at it again");
            }
        });
    }

    /** A number for a generation. */
    long nextSerial() {
        synchronized (entries) {
            return ++serial;
        }
    }

    /** Gives the card's name to a loaded adapter; one that had it before ends with its last request. */
    void put(AdapterCard card, LoraAdapter adapter, Path folder) {
        @Nullable AdapterEntry old;
        synchronized (entries) {
            old = entries.get(card.name());
            int id = old == null ? ++lastId : old.id();
            float scale = old == null ? 0f : old.globalScale();
            entries.put(card.name(), new AdapterEntry(id, card, adapter, folder, scale));
        }
        if (old != null) {
            retire(old);
        }
    }

    // ---- going ------------------------------------------------------------------------------------------------------

    /**
     * Takes a name away. New requests do not find it; those that run keep the adapter.
     *
     * @return completes when the adapter's memory is given back
     * @throws AdapterException {@code NOT_FOUND}
     */
    public CompletableFuture<Void> unload(String name) {
        @Nullable AdapterEntry entry;
        synchronized (entries) {
            entry = entries.remove(name);
        }
        if (entry == null) {
            throw notFound("\"" + name + "\"");
        }
        retire(entry);
        return entry.freed();
    }

    private void retire(AdapterEntry entry) {
        store.delete(entry.folder());
        boolean unused;
        synchronized (entries) {
            unused = entry.retire();
        }
        if (unused) {
            free(entry);
        }
    }

    void leave(List<AdapterEntry> used) {
        List<AdapterEntry> unused = new ArrayList<>();
        synchronized (entries) {
            for (AdapterEntry entry : used) {
                if (entry.leave()) {
                    unused.add(entry);
                }
            }
        }
        unused.forEach(this::free);
    }

    private void free(AdapterEntry entry) {
        CompletableFuture<Void> released;
        try {
            released = scheduler.release(entry.adapter());
        } catch (IllegalStateException e) {
            entry.freed().completeExceptionally(e); // the scheduler is closed; the model frees what is left
            return;
        }
        // not on the scheduler's loop: freeing waits for the model's own thread
        released.whenCompleteAsync(
                (done, problem) -> {
                    if (problem != null) {
                        entry.freed().completeExceptionally(problem);
                        return;
                    }
                    try {
                        entry.adapter().close();
                        entry.freed().complete(null);
                    } catch (RuntimeException e) {
                        LOG.warn("adapter {} was not freed", entry.card().name(), e);
                        entry.freed().completeExceptionally(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    // ---- using ------------------------------------------------------------------------------------------------------

    /**
     * Adapters for a request; a scale of 0 leaves one out.
     *
     * @throws AdapterException {@code NOT_FOUND}, or {@code INVALID} if one is named twice or a scale is not finite
     */
    public AdapterLease lease(List<Choice> choices) {
        List<AdapterEntry> used = new ArrayList<>();
        List<AdapterSet.Entry> set = new ArrayList<>();
        synchronized (entries) {
            for (Choice choice : choices) {
                AdapterEntry entry = find(choice);
                if (used.contains(entry)) {
                    throw new AdapterException(
                            AdapterException.Code.INVALID,
                            "adapter \"" + entry.card().name() + "\" is named twice; name it once with one scale");
                }
                if (!Float.isFinite(choice.scale())) {
                    throw new AdapterException(AdapterException.Code.INVALID, "the scale of an adapter must be finite");
                }
                used.add(entry);
                if (choice.scale() != 0) {
                    set.add(new AdapterSet.Entry(entry.adapter(), choice.scale()));
                }
            }
            used.forEach(AdapterEntry::use);
        }
        return new AdapterLease(this, used, AdapterSet.of(set));
    }

    /** The adapters of the global set, for a request that asks for the base model and nothing else. */
    public AdapterLease leaseGlobal() {
        return lease(global().stream()
                .filter(global -> global.scale() != 0)
                .map(global -> Choice.of(global.id(), global.scale()))
                .toList());
    }

    private AdapterEntry find(Choice choice) {
        return entries.values().stream()
                .filter(entry -> choice.name().map(entry.card().name()::equals).orElse(entry.id() == choice.id()))
                .findFirst()
                .orElseThrow(() ->
                        notFound(choice.name().map(name -> "\"" + name + "\"").orElse("of id " + choice.id())));
    }

    private static AdapterException notFound(String which) {
        return new AdapterException(
                AdapterException.Code.NOT_FOUND, "no adapter " + which + " is loaded; see /v1/lora_adapters");
    }

    /** The global set: every adapter with its scale, 0 where it is off. */
    public List<Global> global() {
        synchronized (entries) {
            return entries.values().stream()
                    .map(entry -> new Global(entry.id(), entry.card().name(), entry.globalScale()))
                    .toList();
        }
    }

    /** Sets the scales of the global set; an adapter that is left out gets 0. */
    public void setGlobal(List<Choice> choices) {
        synchronized (entries) {
            List<AdapterEntry> found = choices.stream().map(this::find).toList();
            entries.values().forEach(entry -> entry.globalScale(0f));
            for (int i = 0; i < found.size(); i++) {
                found.get(i).globalScale(choices.get(i).scale());
            }
        }
    }

    /** Sets the scale of one adapter of the global set; the others stay. */
    public void addGlobal(Choice choice) {
        synchronized (entries) {
            find(choice).globalScale(choice.scale());
        }
    }

    /** All cards, in order of first loading. */
    public List<AdapterCard> cards() {
        synchronized (entries) {
            return entries.values().stream().map(AdapterEntry::card).toList();
        }
    }

    /** A card by name. */
    public Optional<AdapterCard> card(String name) {
        synchronized (entries) {
            return Optional.ofNullable(entries.get(name)).map(AdapterEntry::card);
        }
    }

    /**
     * Lets {@code reader} read an adapter's stored files; they stay until it returns.
     *
     * @throws AdapterException {@code NOT_FOUND}
     */
    public <T> T withFiles(String name, java.util.function.Function<Path, T> reader) {
        AdapterEntry entry;
        synchronized (entries) {
            entry = find(Choice.of(name, 1f));
        }
        return reader.apply(entry.folder());
    }

    /** Requests that use an adapter now; 0 for an unknown name. */
    public int users(String name) {
        synchronized (entries) {
            @Nullable AdapterEntry entry = entries.get(name);
            return entry == null ? 0 : entry.users();
        }
    }

    /** How many adapters requests can ask for, and the size of their files together. */
    record Size(int adapters, long bytes) {}

    Size size() {
        synchronized (entries) {
            long bytes = entries.values().stream()
                    .mapToLong(entry -> entry.adapter().bytes())
                    .sum();
            return new Size(entries.size(), bytes);
        }
    }
}
