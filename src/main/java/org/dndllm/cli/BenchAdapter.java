package org.dndllm.cli;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LoraAdapter;
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
        try (BenchSetup setup = BenchSetup.open(engine, rank)) {
            float[] before = setup.logits();
            Timings times = new Timings(rounds);
            try (AdapterBuffer buffer = new AdapterBuffer()) {
                for (int round = 0; round < WARM_UP; round++) {
                    measure(setup, buffer, new Timings(1));
                }
                for (int round = 0; round < rounds; round++) {
                    measure(setup, buffer, times);
                }
            }
            boolean identical = Arrays.equals(before, setup.logits());
            Map<String, Object> json = setup.facts();
            json.put("convert_ms", times.convert.toJson());
            json.put("load_ms", times.load.toJson());
            json.put("attach_ms", times.attach.toJson());
            json.put("weights_to_attached_ms", times.total.toJson());
            json.put("detach_and_reattach_ms", times.again.toJson());
            json.put("logits_identical_after_detach", identical);
            output.line("%s", setup.title());
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
    private static void measure(BenchSetup setup, AdapterBuffer buffer, Timings times) {
        LlamaContext context = setup.context();
        long start = System.nanoTime();
        MemorySegment gguf = buffer.write(setup.weights(), setup.type());
        long converted = System.nanoTime();
        LoraAdapter adapter = setup.model().loadAdapter(gguf, "bench");
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
}
