package org.dndllm.serve.adapter;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
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
import org.dndllm.llama.LoraAdapter;
import org.dndllm.serve.metrics.PrometheusText;

/**
 * Makes adapters for the registry, from files and from prompts: loads them into the model beside the running requests,
 * measures their effect, stores and publishes them. One at a time. Closes neither model, registry, generators nor store.
 * Thread-safe.
 */
public final class AdapterWorkshop implements AutoCloseable {
    /** Callers that may wait while another one loads or generates. */
    private static final int WAITING = 8;

    private final LiveModel probe; // used by whoever holds `work`
    private final AdapterRegistry registry;
    private final AdapterGenerators generators;
    private final AdapterStore store;
    private final AdapterLimits limits;
    private final GgmlType generatedType;
    private final CompletableFuture<String> baseSha256;
    private final AdapterBuffer buffer = new AdapterBuffer(); // used by whoever holds `work`
    private final AdapterMetrics metrics = new AdapterMetrics();
    private final Semaphore callers = new Semaphore(WAITING);
    private final ReentrantLock work = new ReentrantLock(true);

    /**
     * @param probe measures effects; used by the workshop alone from now on
     * @param generatedType element type of generated adapters
     * @param baseSha256 hash of the base model's file; may still be under way
     */
    public AdapterWorkshop(
            LiveModel probe,
            AdapterRegistry registry,
            AdapterGenerators generators,
            AdapterStore store,
            AdapterLimits limits,
            GgmlType generatedType,
            CompletableFuture<String> baseSha256) {
        this.probe = probe;
        this.registry = registry;
        this.generators = generators;
        this.store = store;
        this.limits = limits;
        this.generatedType = generatedType;
        this.baseSha256 = baseSha256;
    }

    /**
     * Loads an adapter from a file or folder.
     *
     * @param path of a GGUF adapter or a PEFT folder
     * @throws AdapterException if it cannot be used, or another one is in the way
     */
    public AdapterCard load(Path path, AdapterPublication publication) {
        return alone(() -> {
            registry.requirePlace(publication);
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
     * @param progress told of every stage; when it throws, nothing was published and nothing is left
     * @throws AdapterException as {@link #load}, or if there is no such generator
     */
    public AdapterCard generate(
            Optional<String> generator,
            PromptSet prompts,
            long seed,
            AdapterPublication publication,
            Progress progress) {
        generators.require(generator);
        return alone(() -> {
            registry.requirePlace(publication);
            GeneratedAdapter made =
                    generators.generate(generator, prompts, seed, publication.name(), baseSha256.join(), progress);
            StageTimes times = new StageTimes(progress);
            MemorySegment gguf = times.time(
                    "convert",
                    () -> made.file(generatedType).orElseGet(() -> buffer.write(made.weights(), generatedType)));
            AdapterCard card = publish(
                    publication,
                    AdapterContent.of(gguf, made.weights()),
                    "generated",
                    times,
                    made.provenance().toJson(Optional.empty()));
            Map<String, Duration> all = new LinkedHashMap<>(made.provenance().times());
            all.putAll(times.stages());
            metrics.record(all, true);
            return card;
        });
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

    private AdapterCard publish(
            AdapterPublication publication,
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
            AdapterCard card =
                    new AdapterCard(publication.name(), hash + "-" + registry.nextSerial(), Instant.now(), facts);
            Path folder = store.write(card, content);
            registry.put(card, adapter, folder);
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

    /** Writes what workshop and registry count. */
    public void writeMetrics(PrometheusText out) {
        AdapterRegistry.Size size = registry.size();
        metrics.write(out, size.adapters(), size.bytes());
    }

    /** Waits for the work in progress and frees the buffers. Idempotent. */
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
