package org.dndllm.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.format.GgufFile;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.GgufAdapter;
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
            "  dnd bench adapter -m target/bench/0.5b-q8_0.gguf --rank 16 --json",
            "  dnd bench adapter -m target/bench/0.5b-q8_0.gguf --c-loop native/bench/run-adapter"
        })
final class BenchAdapter implements Callable<Integer> {
    private static final int WARM_UP = 100;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final BenchSetupFlags start = new BenchSetupFlags();

    @Option(names = "--rounds", defaultValue = "101", description = "Measured rounds. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Mixin
    private final PeerFlags peer = new PeerFlags();

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, 1);
        int pairs = peer.pairs();
        Optional<BenchPeer> program = peer.program();
        try (BenchSetup setup = start.open()) {
            float[] before = setup.logits();
            Timings times = new Timings(rounds * (program.isEmpty() ? 1 : pairs));
            Optional<Comparison> comparison;
            try (AdapterBuffer buffer = new AdapterBuffer()) {
                measure(setup, buffer, new Timings(WARM_UP), WARM_UP);
                if (program.isEmpty()) {
                    measure(setup, buffer, times, rounds);
                    comparison = Optional.empty();
                } else {
                    comparison = Optional.of(compare(setup, buffer, times, program.get()));
                }
            }
            boolean identical = Arrays.equals(before, setup.logits());
            Map<String, Object> json = setup.facts();
            json.put("convert_ms", times.convert.toJson());
            json.put("load_ms", times.load.toJson());
            json.put("check_ms", times.check.toJson());
            json.put("attach_ms", times.attach.toJson());
            json.put("weights_to_attached_ms", times.total.toJson());
            json.put("detach_and_reattach_ms", times.again.toJson());
            json.put("logits_identical_after_detach", identical);
            output.line("%s", setup.title());
            print("convert", times.convert);
            print("check + load", times.load);
            print("  check alone", times.check);
            print("attach", times.attach);
            print("weights to attached", times.total);
            print("re-attach + detach", times.again);
            output.line("logits after detach bit-identical to before: %s", identical ? "yes" : "NO");
            comparison.ifPresent(with -> report(with, json));
            output.result(json);
            return identical ? 0 : Main.FAILURE;
        }
    }

    /**
     * Milliseconds of each stage; load is the full check and the native load, check the same check once more by itself,
     * total is convert, load and attach, again is a re-attach and a detach without KV.
     */
    private record Timings(Samples convert, Samples load, Samples check, Samples attach, Samples total, Samples again) {
        Timings(int rounds) {
            this(
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds),
                    new Samples(rounds));
        }

        void addAll(Timings other) {
            convert.addAll(other.convert);
            load.addAll(other.load);
            check.addAll(other.check);
            attach.addAll(other.attach);
            total.addAll(other.total);
            again.addAll(other.again);
        }
    }

    /**
     * Medians of each pair.
     *
     * @param java native load through Panama: load less check, milliseconds
     * @param c native load in C, milliseconds
     * @param ratio java / c, pair by pair
     * @param checkedRatio with the full check, which C leaves out
     */
    private record Comparison(Samples java, Samples c, Samples ratio, Samples checkedRatio) {}

    private Comparison compare(BenchSetup setup, AdapterBuffer buffer, Timings times, BenchPeer program) {
        int pairs = peer.pairs();
        Comparison all = new Comparison(new Samples(pairs), new Samples(pairs), new Samples(pairs), new Samples(pairs));
        try {
            Path file = Files.createTempFile("dnd-bench", ".gguf");
            try {
                GgufAdapter.write(file, setup.weights(), setup.type());
                for (int pair = 0; pair < pairs; pair++) {
                    Timings ours = new Timings(rounds);
                    measure(setup, buffer, ours, rounds);
                    times.addAll(ours);
                    double java = ours.load.median() - ours.check.median();
                    double c = program.number(program.run(start.model(), file, rounds), "load_ms", "median");
                    all.java.add(java);
                    all.c.add(c);
                    all.ratio.add(java / c);
                    all.checkedRatio.add(ours.load.median() / c);
                    output.progress().advanced("pairs", pair + 1, pairs);
                }
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new EnvironmentException("no temporary file for the adapter can be written: " + e, e);
        }
        return all;
    }

    private void report(Comparison with, Map<String, Object> json) {
        json.put("native_load_ms_java", with.java.toJson());
        json.put("native_load_ms_c", with.c.toJson());
        json.put("native_load_ratio_java_to_c", with.ratio.toJson());
        json.put("checked_load_ratio_java_to_c", with.checkedRatio.toJson());
        print("native load, Panama", with.java);
        print("native load, C", with.c);
        output.line(
                "native load, Panama / C, pair by pair: median %.3f (p10 %.3f, p90 %.3f); with the full check %.3f",
                with.ratio.median(), with.ratio.quantile(0.1), with.ratio.quantile(0.9), with.checkedRatio.median());
    }

    private static void measure(BenchSetup setup, AdapterBuffer buffer, Timings times, int rounds) {
        for (int round = 0; round < rounds; round++) {
            measure(setup, buffer, times);
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
        long checking = System.nanoTime();
        try (GgufFile file = GgufFile.of(gguf, "bench")) {
            GgufAdapter.validate(file, setup.baseTensors());
        }
        times.check.add((System.nanoTime() - checking) / 1e6);
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
