package org.dndllm.cli;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.Progress;
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
    /** Rounds that are left out at the start, and rounds that a median is taken over. */
    private static final int WINDOW = 100;

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
        Flags.atLeast("--rounds", rounds, 2 * WINDOW);
        Flags.atLeast("--rank", rank, 1);
        // The JVM's own memory (compilers, heap) moves by some megabytes from round to round, so medians are compared.
        Samples early = new Samples(WINDOW);
        Samples late = new Samples(WINDOW);
        try (LlamaModel model = LlamaModel.open(engine.model(), ModelOptions.CPU);
                LlamaContext context = model.newContext(
                        ContextOptions.DEFAULT.withContextLength(512).withThreads(1))) {
            LoraWeights weights = RandomAdapter.of(model.shape(), rank, DType.F16, 7);
            Progress progress = output.progress();
            for (int round = 1; round <= rounds; round++) {
                once(model, context, weights);
                if (round > WINDOW && round <= 2 * WINDOW) {
                    early.add(residentMegabytes());
                }
                if (round > rounds - WINDOW) {
                    late.add(residentMegabytes());
                }
                progress.advanced("rounds", round, rounds);
            }
        }
        report(early, late);
        return 0;
    }

    private void once(LlamaModel model, LlamaContext context, LoraWeights weights) {
        try (Arena arena = Arena.ofShared();
                LoraAdapter adapter =
                        model.loadAdapter(GgufAdapter.toMemory(weights, engine.adapterType(), arena), "soak")) {
            context.attach(AdapterSet.of(adapter));
            context.decode(PROMPT);
            context.detach();
        }
    }

    private void report(Samples early, Samples late) {
        double growth = late.median() - early.median();
        output.line(
                "%d rounds: resident memory, median of rounds %d to %d %.1f MB, of the last %d %.1f MB, growth %.2f MB",
                rounds, WINDOW + 1, 2 * WINDOW, early.median(), WINDOW, late.median(), growth);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.put("model", engine.model().toString());
        json.put("rounds", rounds);
        json.put("resident_mb_early", early.toJson());
        json.put("resident_mb_late", late.toJson());
        json.put("growth_mb", growth);
        output.result(json);
    }

    private static double residentMegabytes() {
        return Machine.residentBytes()
                        .orElseThrow(
                                () -> new EnvironmentException("resident memory is read from /proc, which is not here"))
                / 1e6;
    }
}
