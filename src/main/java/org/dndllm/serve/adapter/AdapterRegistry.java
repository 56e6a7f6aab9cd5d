package org.dndllm.serve.adapter;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.Effect;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.engine.StageTimes;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.serve.metrics.PrometheusText;
import org.dndllm.serve.schedule.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Names and the adapters behind them. A name can be given to other weights at any time: requests that run keep theirs,
 * which are freed after the last one. Loading and generating happen one at a time beside the running requests. Closes
 * neither model, scheduler, generators nor store. Thread-safe.
 */
public final class AdapterRegistry implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);
    /** Callers that may wait while another one loads or generates. */
    private static final int WAITING = 8;

    private final LiveModel probe; // used by whoever holds `work`
    private final Scheduler scheduler;
    private final AdapterGenerators generators;
    private final AdapterStore store;
    private final AdapterLimits limits;
    private final GgmlType generatedType;
    private final CompletableFuture<String> baseSha256;
    private final AdapterBuffer buffer = new AdapterBuffer(); // used by whoever holds `work`
    private final AdapterMetrics metrics = new AdapterMetrics();

    private final Semaphore callers = new Semaphore(WAITING);
    private final ReentrantLock work = new ReentrantLock(true);
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

    /**
     * Under which name and circumstances new weights are taken.
     *
     * @param replace whether they may take the place of an adapter of this name
     * @param expectedGeneration the one to replace; empty for any
     */
    public record Publication(String name, boolean replace, Optional<String> expectedGeneration) {
        public Publication {
            AdapterName.require(name);
        }
    }

    /** A line of the global set. */
    public record Global(int id, String name, float scale) {}

    /**
     * Opens a registry and loads what the store holds.
     *
     * @param probe measures effects; used by the registry alone from now on
     * @param baseSha256 hash of the base model's file; may still be under way
     * @param generatedType element type of generated adapters
     */
    public AdapterRegistry(
            LiveModel probe,
            Scheduler scheduler,
            AdapterGenerators generators,
            AdapterStore store,
            AdapterLimits limits,
            GgmlType generatedType,
            CompletableFuture<String> baseSha256) {
        this.probe = probe;
        this.scheduler = scheduler;
        this.generators = generators;
        this.store = store;
        this.limits = limits;
        this.generatedType = generatedType;
        this.baseSha256 = baseSha256;
        store.restore().forEach(this::restore);
    }

    private void restore(AdapterStore.Stored stored) {
        try {
            LoraAdapter adapter = probe.model().loadAdapter(stored.folder().resolve(AdapterStore.GGUF));
            synchronized (entries) {
                serial = Math.max(serial, AdapterCard.serial(stored.card().generation()));
                entries.put(
                        stored.card().name(), new AdapterEntry(++lastId, stored.card(), adapter, stored.folder(), 0f));
            }
        } catch (InvalidInputException e) {
            LOG.warn("the stored adapter {} is not restored: {}", stored.card().name(), e.getMessage());
        }
    }

    // ---- making -----------------------------------------------------------------------------------------------------

    /**
     * Loads an adapter from a file or folder.
     *
     * @param path of a GGUF adapter or a PEFT folder
     * @throws AdapterException if it cannot be used, or another one is in the way
     */
    public AdapterCard load(Path path, Publication publication) {
        return alone(() -> {
            requirePlace(publication);
            StageTimes times = new StageTimes();
            try (Arena arena = Arena.ofShared()) {
                AdapterContent content = times.time(
                        "read", () -> AdapterContent.read(path, probe.model().shape(), limits.bytes(), arena));
                Map<String, String> provenance = Map.of("file", String.valueOf(path.getFileName()));
                AdapterCard card = publish(publication, content, "file", times, provenance);
                metrics.record(times.stages(), false);
                return card;
            }
        });
    }

    /**
     * Generates an adapter from unlabelled prompts.
     *
     * @param generator name of a bundle; empty for the default one
     * @throws AdapterException as {@link #load}, or if there is no such generator
     */
    public AdapterCard generate(
            Optional<String> generator, PromptSet prompts, long seed, Publication publication, Progress progress) {
        generators.require(generator);
        return alone(() -> {
            requirePlace(publication);
            GeneratedAdapter made =
                    generators.generate(generator, prompts, seed, publication.name(), baseSha256.join(), progress);
            StageTimes times = new StageTimes(progress);
            MemorySegment gguf = times.time("convert", () -> buffer.write(made.weights(), generatedType));
            AdapterCard card = publish(
                    publication,
                    AdapterContent.of(gguf, made.weights()),
                    "generated",
                    times,
                    made.provenance().toJson(Optional.empty()));
            Map<String, java.time.Duration> all =
                    new LinkedHashMap<>(made.provenance().times());
            all.putAll(times.stages());
            metrics.record(all, true);
            return card;
        });
    }

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

    /** One at a time, in order; who comes when many wait already is sent away. */
    private <T> T alone(Supplier<T> making) {
        if (!callers.tryAcquire()) {
            throw new AdapterException(
                    AdapterException.Code.BUSY, "other adapters are being loaded or generated; try again in a moment");
        }
        work.lock();
        try {
            return making.get();
        } catch (InvalidInputException e) {
            // without the source in front: callers have no business with the server's paths
            String problem = String.valueOf(e.getMessage()).substring(e.source().length() + 2);
            throw new AdapterException(AdapterException.Code.INVALID, problem, e);
        } finally {
            work.unlock();
            callers.release();
        }
    }

    private void requirePlace(Publication publication) {
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

    private static void requireGeneration(Publication publication, AdapterEntry present) {
        publication.expectedGeneration().ifPresent(expected -> {
            if (!expected.equals(present.card().generation())) {
                throw new AdapterException(
                        AdapterException.Code.GENERATION_MISMATCH,
                        "adapter \"" + publication.name() + "\" is generation "
                                + present.card().generation() + ", not the expected one; look at it again");
            }
        });
    }

    private AdapterCard publish(
            Publication publication,
            AdapterContent content,
            String origin,
            StageTimes times,
            Map<String, ?> provenance) {
        if (content.rank() > limits.rank()) {
            throw new AdapterException(
                    AdapterException.Code.RANK_LIMIT_EXCEEDED,
                    "the adapter's rank is " + content.rank() + ", this server takes at most " + limits.rank());
        }
        LoraAdapter adapter = times.time("load", () -> probe.model().loadAdapter(content.gguf(), publication.name()));
        try {
            Effect effect = measure(adapter, publication.name(), times);
            Map<String, Object> facts = AdapterFacts.of(origin, content, adapter, effect, times, provenance);
            String hash = String.valueOf(facts.get("sha256")).substring(0, 12);
            AdapterCard card = new AdapterCard(publication.name(), hash + "-" + nextSerial(), Instant.now(), facts);
            Path folder = store.write(card, content);
            putInPlace(publication, card, adapter, folder);
            return card;
        } catch (RuntimeException e) {
            adapter.close();
            throw e;
        }
    }

    private Effect measure(LoraAdapter adapter, String name, StageTimes times) {
        try {
            times.run("attach", () -> probe.attach(adapter, 1f));
            return times.time("effect", () -> probe.requireEffect(name));
        } finally {
            probe.detach();
        }
    }

    private long nextSerial() {
        synchronized (entries) {
            return ++serial;
        }
    }

    private void putInPlace(Publication publication, AdapterCard card, LoraAdapter adapter, Path folder) {
        @Nullable AdapterEntry old;
        synchronized (entries) {
            old = entries.get(publication.name());
            int id = old == null ? ++lastId : old.id();
            float scale = old == null ? 0f : old.globalScale();
            entries.put(publication.name(), new AdapterEntry(id, card, adapter, folder, scale));
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

    /** Writes what the registry counts. */
    public void writeMetrics(PrometheusText out) {
        synchronized (entries) {
            long bytes = entries.values().stream()
                    .mapToLong(entry -> entry.adapter().bytes())
                    .sum();
            metrics.write(out, entries.size(), bytes);
        }
    }

    /** Frees the buffers; the adapters go with the model. */
    @Override
    public void close() {
        work.lock();
        try {
            buffer.close();
        } finally {
            work.unlock();
        }
    }
}
