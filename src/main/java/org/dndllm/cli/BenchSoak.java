package org.dndllm.cli;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.format.DType;
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

/** {@code dnd bench soak}: is memory given back? */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        header = "Load, attach, decode, detach and free an adapter many times; report the growth of resident memory.",
        footer = {"", "Examples:", "  dnd bench soak", "  dnd bench soak --rounds 200 --json"})
final class BenchSoak implements Callable<Integer> {
    private static final int SETTLED = 100;
    private static final int[] PROMPT = {1, 2, 3, 4};

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--rank", defaultValue = "8", description = "Default: ${DEFAULT-VALUE}.")
    private int rank;

    @Option(names = "--rounds", defaultValue = "1000", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, SETTLED + 1); // growth counts from the round in which all caches are filled
        Flags.atLeast("--rank", rank, 1);
        long settled = 0;
        try (LlamaModel model = LlamaModel.open(engine.model(), ModelOptions.CPU);
                LlamaContext context = model.newContext(
                        ContextOptions.DEFAULT.withContextLength(512).withThreads(1))) {
            LoraWeights weights = RandomAdapter.of(model.shape(), rank, DType.F16, 7);
            for (int round = 1; round <= rounds; round++) {
                try (Arena arena = Arena.ofShared();
                        LoraAdapter adapter =
                                model.loadAdapter(GgufAdapter.toMemory(weights, engine.adapterType(), arena), "soak")) {
                    context.attach(AdapterSet.of(adapter));
                    context.decode(PROMPT);
                    context.detach();
                }
                if (round == SETTLED) {
                    settled = resident();
                }
                output.progress().advanced("rounds", round, rounds);
            }
            long end = resident();
            double growth = (end - settled) / 1e6;
            output.line(
                    "%d rounds: resident %.1f MB after %d rounds, %.1f MB at the end, growth %.2f MB",
                    rounds, settled / 1e6, SETTLED, end / 1e6, growth);
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("machine", Machine.facts());
            json.put("model", engine.model().toString());
            json.put("rounds", rounds);
            json.put("resident_after_100_bytes", settled);
            json.put("resident_end_bytes", end);
            json.put("growth_mb", growth);
            output.result(json);
        }
        return 0;
    }

    private static long resident() {
        return Machine.residentBytes()
                .orElseThrow(() -> new EnvironmentException("resident memory is read from /proc, which is not here"));
    }
}
