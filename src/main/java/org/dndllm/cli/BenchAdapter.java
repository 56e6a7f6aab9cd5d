package org.dndllm.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
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
    private static final int WARM_UP = 30;
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
            Samples convert = new Samples(rounds);
            Samples load = new Samples(rounds);
            Samples attach = new Samples(rounds);
            Samples total = new Samples(rounds);
            Samples again = new Samples(rounds);
            for (int round = -WARM_UP; round < rounds; round++) {
                context.clear();
                try (Arena arena = Arena.ofShared()) {
                    long start = System.nanoTime();
                    MemorySegment gguf = GgufAdapter.toMemory(weights, type, arena);
                    long converted = System.nanoTime();
                    LoraAdapter adapter = model.loadAdapter(gguf, "bench");
                    long loaded = System.nanoTime();
                    context.attach(AdapterSet.of(adapter));
                    long attached = System.nanoTime();
                    context.detach();
                    long detachStart = System.nanoTime();
                    context.attach(AdapterSet.of(adapter));
                    context.detach();
                    long reattached = System.nanoTime();
                    adapter.close();
                    if (round >= 0) {
                        convert.add((converted - start) / 1e6);
                        load.add((loaded - converted) / 1e6);
                        attach.add((attached - loaded) / 1e6);
                        total.add((attached - start) / 1e6);
                        again.add((reattached - detachStart) / 1e6);
                    }
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
            json.put("convert_ms", convert.toJson());
            json.put("load_ms", load.toJson());
            json.put("attach_ms", attach.toJson());
            json.put("weights_to_attached_ms", total.toJson());
            json.put("detach_and_reattach_ms", again.toJson());
            json.put("logits_identical_after_detach", identical);
            output.line(
                    "%s, %s, rank %d, %,d parameters, %,d bytes",
                    engine.model(), type, rank, weights.parameters(), GgufAdapter.size(weights, type));
            print("convert", convert);
            print("load", load);
            print("attach", attach);
            print("weights to attached", total);
            print("re-attach + detach", again);
            output.line("logits after detach bit-identical to before: %s", identical ? "yes" : "NO");
            output.result(json);
            return identical ? 0 : Main.FAILURE;
        }
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
