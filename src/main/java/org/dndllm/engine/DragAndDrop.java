package org.dndllm.engine;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.llama.LoraAdapter;

/**
 * The whole flow: drop a task's unlabelled prompts, get a LoRA adapter in one forward pass, live in a running model.
 *
 * <pre>{@code
 * try (DragAndDrop dnd = DragAndDrop.open(Path.of("base.gguf"), Path.of("bundle"), EngineOptions.DEFAULT)) {
 *     GeneratedAdapter adapter = dnd.generate(PromptReader.read(Path.of("task.json")), 1, "task");
 *     Attached attached = dnd.attach(adapter, 1.0f);
 *     System.out.println(attached.effect() + " " + dnd.live().chat("Which gas do plants breathe in?").text());
 *     dnd.detach();
 * }
 * }</pre>
 *
 * <p>Owns the base model, its context and the generator; closes them in order. One caller at a time: every method that
 * changes or uses the context takes the object's lock.
 */
public final class DragAndDrop implements AutoCloseable {
    private final LiveModel live;
    private final AdapterPipeline pipeline;
    private final EngineOptions options;
    private final CompletableFuture<String> baseSha256;
    private final AdapterBuffer buffer = new AdapterBuffer();
    private Optional<LoraAdapter> current = Optional.empty();

    /**
     * What attaching did.
     *
     * @param effect on the logits after a probe text
     * @param times of the stages {@code convert}, {@code load}, {@code attach}, {@code effect}
     */
    public record Attached(Effect effect, StageTimes times) {}

    private DragAndDrop(
            LiveModel live, AdapterPipeline pipeline, EngineOptions options, CompletableFuture<String> baseSha256) {
        this.live = live;
        this.pipeline = pipeline;
        this.options = options;
        this.baseSha256 = baseSha256;
    }

    /**
     * Opens a base model and a generator bundle that fits it.
     *
     * @throws InvalidInputException if either is malformed or the bundle is for another model shape
     * @throws org.dndllm.EnvironmentException if this machine lacks a native library or a provider that was asked for
     */
    public static DragAndDrop open(Path base, Path bundleFolder, EngineOptions options) {
        GeneratorBundle bundle = GeneratorBundle.open(bundleFolder);
        LiveModel live = LiveModel.open(base, options.model(), options.context());
        try {
            bundle.requireBase(live.model().shape(), base);
            // A base of several GB takes seconds to hash; only provenance waits for it.
            CompletableFuture<String> hash = CompletableFuture.supplyAsync(() -> GgufFile.sha256(base));
            return new DragAndDrop(live, AdapterPipeline.open(bundle, options), options, hash);
        } catch (RuntimeException e) {
            live.close();
            throw e;
        }
    }

    /** Generates an adapter; nothing is attached yet. */
    public GeneratedAdapter generate(PromptSet prompts, long seed, String name) {
        return generate(prompts, seed, name, Progress.NONE);
    }

    /** As {@link #generate(PromptSet, long, String)}, telling how far it is. */
    public synchronized GeneratedAdapter generate(PromptSet prompts, long seed, String name, Progress progress) {
        return pipeline.generate(prompts, seed, name, baseSha256.join(), progress);
    }

    /**
     * Loads an adapter from memory into the running model and attaches it in place of the one before, which is freed.
     *
     * @param scale multiplies the adapter's own alpha / rank; 1 is as generated
     * @throws InvalidInputException if the adapter does not change the logits, or makes them not finite; no adapter is
     *     attached then. If it cannot be loaded at all, the one before stays attached
     */
    public synchronized Attached attach(GeneratedAdapter adapter, float scale) {
        StageTimes times = new StageTimes();
        GgmlType type = options.adapterType();
        MemorySegment gguf =
                times.time("convert", () -> adapter.file(type).orElseGet(() -> buffer.write(adapter.weights(), type)));
        LoraAdapter loaded = times.time("load", () -> live.model().loadAdapter(gguf, adapter.name()));
        detach();
        try {
            times.run("attach", () -> live.attach(loaded, scale));
            Effect effect = times.time("effect", () -> live.requireEffect(adapter.name()));
            current = Optional.of(loaded);
            return new Attached(effect, times);
        } catch (RuntimeException e) {
            live.detach();
            loaded.close();
            throw e;
        }
    }

    /** Back to the base model; the adapter that was attached is freed. Does nothing when none is. */
    public synchronized void detach() {
        live.detach();
        current.ifPresent(LoraAdapter::close);
        current = Optional.empty();
    }

    /** The running model: chat, logits, further adapters. */
    public LiveModel live() {
        return live;
    }

    /** Hash of the base model; the first call may wait for it. */
    public String baseSha256() {
        return baseSha256.join();
    }

    /** The generator's bundle. */
    public GeneratorBundle bundle() {
        return pipeline.bundle();
    }

    /** As {@link AdapterPipeline#score}: are these prompts like anything that the generator was trained on? */
    public synchronized Optional<OutOfDistribution.Score> outOfDistribution(PromptSet prompts, long seed) {
        return pipeline.score(prompts, seed);
    }

    /** The generator's sentence encoder, for embeddings of prompts; closed with this object. */
    public SentenceEncoder encoder() {
        return pipeline.encoder();
    }

    /** How the parts are run. */
    public EngineOptions options() {
        return options;
    }

    /** What a user should know about this pair of base and bundle, possibly nothing. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        BundleManifest.Base made = pipeline.bundle().manifest().base();
        if (made.sha256().isEmpty()) {
            warnings.add("the bundle was made for " + made.name()
                    + " and does not say which file that was; only the shapes could be compared");
        } else if (!made.sha256().get().equals(baseSha256.join())) {
            warnings.add("the bundle was made for another file of this shape (" + made.name() + ", sha256 "
                    + made.sha256().get().substring(0, 12) + "...); generated adapters may not suit this one");
        }
        return warnings;
    }

    /** Short facts about what is open, for people and {@code --json}. */
    public Map<String, Object> describe() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("base", live.model().description());
        facts.put("base_sha256", baseSha256.join());
        facts.put("bundle", pipeline.bundle().manifest().name());
        facts.put("bundle_sha256", pipeline.bundle().sha256());
        facts.put("trained", pipeline.bundle().manifest().training().trained());
        return facts;
    }

    @Override
    public synchronized void close() {
        try {
            buffer.close();
            pipeline.close();
        } finally {
            live.close();
        }
    }
}
