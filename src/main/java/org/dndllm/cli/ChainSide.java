package org.dndllm.cli;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Progress;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;

/** The whole chain on one choice of devices, stage by stage, the way the engine does it. Owns all that it opens. */
final class ChainSide implements AutoCloseable {
    private static final int WARM_UP = 4;
    private static final String FIRST_TOKEN = "first_token";

    private final ChainPlan plan;
    private final EngineOptions options;
    private final MemoryWatch memory = new MemoryWatch();
    private final GpuMemory gpu = new GpuMemory();
    private final Map<String, Object> openMillis = new LinkedHashMap<>();
    private final LlamaModel model;
    private final LlamaContext context;
    private final AdapterPipeline pipeline;
    private final AdapterBuffer buffer = new AdapterBuffer();
    private final int[] prompt;

    private ChainSide(ChainPlan plan, EngineOptions options) {
        this.plan = plan;
        this.options = options;
        try {
            model = timed("base", () -> LlamaModel.open(plan.base(), options.model()));
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
        try {
            context = model.newContext(contextOptions());
            prompt = DecodeLoop.prompt(model.vocabulary().size(), plan.promptTokens());
            GeneratorBundle bundle = timed("verify_bundle", () -> GeneratorBundle.open(plan.bundle()));
            bundle.requireBase(model.shape(), plan.base());
            pipeline = timed("generator", () -> AdapterPipeline.open(bundle, options));
        } catch (RuntimeException e) {
            model.close();
            memory.close();
            throw e;
        }
    }

    /** No longer than it must be, unless -c asks for more: a cache for thousands of tokens is memory of its own. */
    private ContextOptions contextOptions() {
        int needed = plan.promptTokens() + plan.tokens();
        ContextOptions asked = options.context();
        return asked.contextLength() == 0 ? asked.withContextLength(needed) : asked;
    }

    private <T> T timed(String what, Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        openMillis.put(what, (System.nanoTime() - start) / 1e6);
        return result;
    }

    /** One side of the report. */
    static Map<String, Object> measure(String name, ChainPlan plan, EngineOptions options, Progress progress) {
        try (ChainSide side = new ChainSide(plan, options)) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("name", name);
            json.put("base", side.model.description());
            json.put("open_ms", side.openMillis);
            side.gpu.look();
            side.stages(json, progress);
            side.throughput(json, progress);
            side.gpu.look();
            json.put("memory", side.memory());
            return json;
        }
    }

    /** Peaks in bytes; the first is the system's own, of the whole life of the process, the others of this side. */
    private Map<String, Object> memory() {
        Map<String, Object> json = new LinkedHashMap<>();
        Machine.peakResidentBytes().ifPresent(bytes -> {
            json.put("process_peak_resident_bytes", bytes);
            json.put("peak_resident_bytes", memory.residentBytes());
            json.put("peak_anonymous_bytes", memory.anonymousBytes());
            json.put("peak_file_bytes", memory.filePageBytes());
        });
        gpu.peakBytes().ifPresent(bytes -> json.put("peak_gpu_bytes", bytes));
        return json;
    }

    // ---- stages ---------------------------------------------------------------------------------------------------

    private void stages(Map<String, Object> json, Progress progress) {
        json.put("cold_ms", once(0));
        Map<String, Samples> samples = new LinkedHashMap<>();
        for (int round = 1; round <= plan.rounds(); round++) {
            once(round)
                    .forEach((stage, millis) -> samples.computeIfAbsent(stage, key -> new Samples(plan.rounds()))
                            .add(millis));
            gpu.look();
            progress.advanced("rounds", round, plan.rounds());
        }
        json.put("stages_ms", toJson(samples));
    }

    /** Prompts to the first token, milliseconds by stage; {@code to_attached} and {@code to_first_token} from the start. */
    private Map<String, Double> once(long seed) {
        Map<String, Double> millis = new LinkedHashMap<>();
        context.clear();
        long start = System.nanoTime();
        GeneratedAdapter made = generate(seed);
        long generated = System.nanoTime();
        MemorySegment gguf = file(made);
        long converted = System.nanoTime();
        try (LoraAdapter adapter = model.loadAdapter(gguf, made.name())) {
            long loaded = System.nanoTime();
            context.attach(AdapterSet.of(adapter));
            long attached = System.nanoTime();
            context.decode(prompt);
            context.argmax();
            long spoken = System.nanoTime();
            made.provenance().times().forEach((stage, time) -> millis.put(stage, time.toNanos() / 1e6));
            millis.put("convert", (converted - generated) / 1e6);
            millis.put("load", (loaded - converted) / 1e6);
            millis.put("attach", (attached - loaded) / 1e6);
            millis.put(FIRST_TOKEN, (spoken - attached) / 1e6);
            millis.put("to_attached", (attached - start) / 1e6);
            millis.put("to_first_token", (spoken - start) / 1e6);
            context.detach();
        }
        return millis;
    }

    /** An adapter's file, which the fused graph has made already. */
    private MemorySegment file(GeneratedAdapter made) {
        return made.file(options.adapterType()).orElseGet(() -> buffer.write(made.weights(), options.adapterType()));
    }

    private GeneratedAdapter generate(long seed) {
        return pipeline.generate(plan.prompts(), seed, "bench", plan.baseSha256(), Progress.NONE);
    }

    // ---- throughput -----------------------------------------------------------------------------------------------

    /** Tokens per second of base model and adapter in turn, and their ratio within each pair. */
    private record Speeds(Samples base, Samples adapter, Samples ratio) {
        Speeds(int pairs) {
            this(new Samples(pairs), new Samples(pairs), new Samples(pairs));
        }

        void add(double withoutAdapter, double withAdapter) {
            base.add(withoutAdapter);
            adapter.add(withAdapter);
            ratio.add(withAdapter / withoutAdapter);
        }

        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("base", base.toJson());
            json.put("adapter", adapter.toJson());
            json.put("ratio", ratio.toJson());
            return json;
        }
    }

    private void throughput(Map<String, Object> json, Progress progress) {
        Speeds reading = new Speeds(plan.pairs());
        Speeds writing = new Speeds(plan.pairs());
        MemorySegment gguf = file(generate(1));
        try (LoraAdapter adapter = model.loadAdapter(gguf, "bench")) {
            AdapterSet set = AdapterSet.of(adapter);
            json.put("adapter_bytes", gguf.byteSize());
            json.put("adapter_effect_on_logits", effect(set));
            for (int pair = 1; pair <= plan.pairs(); pair++) {
                boolean baseFirst = pair % 2 == 1;
                DecodeLoop.Run one = run(baseFirst ? AdapterSet.EMPTY : set);
                DecodeLoop.Run other = run(baseFirst ? set : AdapterSet.EMPTY);
                DecodeLoop.Run base = baseFirst ? one : other;
                DecodeLoop.Run adapted = baseFirst ? other : one;
                reading.add(perSecond(base.promptMillis()), perSecond(adapted.promptMillis()));
                writing.add(1e3 / base.wallPerToken(), 1e3 / adapted.wallPerToken());
                progress.advanced("pairs", pair, plan.pairs());
            }
            context.detach();
        }
        json.put("prompt_tokens_per_second", reading.json());
        json.put("decode_tokens_per_second", writing.json());
    }

    private double perSecond(double promptMillis) {
        return plan.promptTokens() * 1e3 / promptMillis;
    }

    /** A few tokens first: the change of the set makes the next decode reserve its graphs again. */
    private DecodeLoop.Run run(AdapterSet set) {
        context.attach(set);
        DecodeLoop.run(context, prompt, Math.min(WARM_UP, plan.tokens()));
        return DecodeLoop.run(context, prompt, plan.tokens());
    }

    /** Largest change of a logit after the prompt: an adapter that changes nothing would make the pairs meaningless. */
    private double effect(AdapterSet set) {
        float[] base = logits(AdapterSet.EMPTY);
        float[] adapted = logits(set);
        double most = 0;
        for (int i = 0; i < base.length; i++) {
            most = Math.max(most, Math.abs((double) adapted[i] - base[i]));
        }
        return most;
    }

    private float[] logits(AdapterSet set) {
        context.attach(set);
        context.clear();
        context.decode(prompt);
        return context.logits();
    }

    private static Map<String, Object> toJson(Map<String, Samples> samples) {
        Map<String, Object> json = new LinkedHashMap<>();
        samples.forEach((stage, values) -> json.put(stage, values.toJson()));
        return json;
    }

    @Override
    public void close() {
        try {
            pipeline.close();
            buffer.close();
        } finally {
            model.close(); // its context first
            memory.close();
        }
    }
}
