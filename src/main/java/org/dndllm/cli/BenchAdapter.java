package org.dndllm.cli;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench adapter}: weights in memory to adapter in the running model, and back. */
@Command(
        name = "adapter",
        mixinStandardHelpOptions = true,
        header =
                "Time from generated weights to attached adapter, from memory; re-attaching; bit identity after detach.",
        footer = {
            "",
            "Examples:",
            "  dnd bench adapter",
            "  dnd bench adapter -m target/bench/0.5b-q8_0.gguf --rank 16 --json"
        })
final class BenchAdapter implements Callable<Integer> {
    private static final int WARM_UP = 100;
    private static final int[] PROMPT = {1, 2, 3, 4, 5, 6, 7, 8};

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--rank", defaultValue = "8", description = "Default: ${DEFAULT-VALUE}.")
    private int rank;

    @Option(names = "--rounds", defaultValue = "101", description = "Measured rounds. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, 1);
        Flags.atLeast("--rank", rank, 1);
        GgmlType type = engine.adapterType();
        try (LlamaModel model = LlamaModel.open(engine.model(), ModelOptions.CPU);
                LlamaContext context = model.newContext(
                        ContextOptions.DEFAULT.withContextLength(512).withThreads(1))) {
            LoraWeights weights = RandomAdapter.of(model.shape(), rank, DType.F16, 7);
            float[] before = logits(context);
            Timings times = new Timings(rounds);
            try (AdapterBuffer buffer = new AdapterBuffer()) {
                for (int round = 0; round < WARM_UP; round++) {
                    measure(model, context, weights, type, buffer, new Timings(1));
                }
                for (int round = 0; round < rounds; round++) {
                    measure(model, context, weights, type, buffer, times);
                }
            }
            boolean identical = Arrays.equals(before, logits(context));
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("machine", Machine.facts());
            json.put("model", engine.model().toString());
            json.put("adapter_type", type.name());
            json.put("rank", rank);
            json.put("parameters", weights.parameters());
            json.put("gguf_bytes", GgufAdapter.size(weights, type));
            json.put("convert_ms", times.convert.toJson());
            json.put("load_ms", times.load.toJson());
            json.put("attach_ms", times.attach.toJson());
            json.put("weights_to_attached_ms", times.total.toJson());
            json.put("detach_and_reattach_ms", times.again.toJson());
            json.put("logits_identical_after_detach", identical);
            output.line(
                    "%s, %s, rank %d, %,d parameters, %,d bytes",
                    engine.model(), type, rank, weights.parameters(), GgufAdapter.size(weights, type));
            print("convert", times.convert);
            print("load", times.load);
            print("attach", times.attach);
            print("weights to attached", times.total);
            print("re-attach + detach", times.again);
            output.line("logits after detach bit-identical to before: %s", identical ? "yes" : "NO");
            output.result(json);
            return identical ? 0 : Main.FAILURE;
        }
    }

    /** Milliseconds of each stage; total is convert, load and attach, again is a re-attach and a detach without KV. */
    private record Timings(Samples convert, Samples load, Samples attach, Samples total, Samples again) {
        Timings(int rounds) {
            this(
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds));
        }
    }

    /** One adapter from weights to the running model and back, the way the engine does it. */
    private static void measure(
            LlamaModel model,
            LlamaContext context,
            LoraWeights weights,
            GgmlType type,
            AdapterBuffer buffer,
            Timings times) {
        long start = System.nanoTime();
        MemorySegment gguf = buffer.write(weights, type);
        long converted = System.nanoTime();
        LoraAdapter adapter = model.loadAdapter(gguf, "bench");
        long loaded = System.nanoTime();
        context.attach(AdapterSet.of(adapter));
        long attached = System.nanoTime();
        context.detach();
        long detached = System.nanoTime();
        context.attach(AdapterSet.of(adapter));
        context.detach();
        long again = System.nanoTime();
        adapter.close();
        times.convert.add((converted - start) / 1e6);
        times.load.add((loaded - converted) / 1e6);
        times.attach.add((attached - loaded) / 1e6);
        times.total.add((attached - start) / 1e6);
        times.again.add((again - detached) / 1e6);
    }

    private void print(String name, Samples samples) {
        output.line(
                "  %-20s median %8.3f ms   p10 %8.3f   p90 %8.3f",
                name, samples.median(), samples.quantile(0.1), samples.quantile(0.9));
    }

    private static float[] logits(LlamaContext context) {
        context.clear();
        context.decode(PROMPT);
        float[] logits = context.logits();
        context.clear();
        return logits;
    }
}
