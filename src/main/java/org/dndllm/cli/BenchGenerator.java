package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.format.DType;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.generator.PaperConfig;
import org.dndllm.lora.LoraWeights;
import org.dndllm.onnx.Precision;
import org.dndllm.onnx.SessionOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench generator}: one forward pass, as the graph stands in the bundle and in the forms that it can have. */
@Command(
        name = "generator",
        mixinStandardHelpOptions = true,
        header = "Time, memory and accuracy of a generator's forward pass, as it is and laid out for this processor.",
        description = {
            "Conditions are random. 'as it is' maps the bundle's own graph; 'laid out' is what dnd generate runs for large"
                    + " generators of the paper's family; --precision adds the graph in other numbers. Rates count the products of the definition, taps on padding"
                    + " included; beside them stands the rate of a large matrix product on the same threads. Errors are"
                    + " relative to the graph as it is: of all weight tokens, of delta-W = B A of each kind of module, and"
                    + " with -m of the logits after the adapter is attached."
        },
        footer = {
            "",
            "Examples:",
            "  dnd import --untrained --preset qwen2.5-0.5b-commonsense --base qwen2.5-0.5b --save-to target/bench/speed",
            "  dnd bench generator --generator target/bench/speed --threads 2",
            "  dnd bench generator --generator onnx/nano/paper --precision int8 -m onnx/nano/base.gguf",
            "  dnd bench generator --generator target/bench/speed -m target/bench/0.5b-q8_0.gguf --json",
        })
final class BenchGenerator implements Callable<Integer> {
    private static final int SEED = 1;
    private static final String AS_IT_IS = "as it is";

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--rounds", defaultValue = "3", description = "Measured passes. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--laid-out-only",
            description = "Leave out the graph as it is, and with it the errors: for generators that take minutes.")
    private boolean laidOutOnly;

    /** What one form of the graph did. */
    private record Pass(
            String form,
            double openSeconds,
            Samples wall,
            Samples cpu,
            long anonymous,
            long filePages,
            float[] tokens) {
        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("open_s", openSeconds);
            json.put("forward_s", wall.toJson());
            json.put("cpu_s", cpu.toJson());
            json.put("peak_anonymous_bytes", anonymous);
            json.put("peak_file_page_bytes", filePages);
            return json;
        }
    }

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, 1);
        SessionOptions asked = engine.options().session();
        SessionOptions options = asked.withPrecision(Precision.F32);
        GeneratorBundle bundle = GeneratorBundle.open(engine.generator());
        GeneratorConfig config = bundle.manifest().generator();
        double peak;
        try (TemporaryFolder folder = TemporaryFolder.create("dnd-bench")) {
            peak = GemmPeak.gigaflops(folder.path(), options);
        }
        boolean layout = options.layouts().isPresent() && LoraGenerator.isLaidOut(config);
        if (laidOutOnly && !layout) {
            throw new InvalidInputException(
                    engine.generator().toString(),
                    "--laid-out-only",
                    "asks for a layout, which only large generators of the paper's family get; leave it out");
        }
        List<Pass> passes = new ArrayList<>();
        if (!laidOutOnly) {
            passes.add(pass(AS_IT_IS, bundle, options.withoutLayouts()));
        }
        if (layout) {
            passes.add(formed("laid out", bundle, options));
        }
        Precision precision = asked.precision().on(asked.provider());
        if (precision != Precision.F32) {
            passes.add(formed(precision.label(), bundle, asked));
        }
        report(bundle, config, options, peak, passes);
        return 0;
    }

    private Pass formed(String form, GeneratorBundle bundle, SessionOptions options) {
        bundle.openGenerator(options).close(); // written now if ever: the pass opens it as every later start does
        return pass(form, bundle, options);
    }

    private Pass pass(String form, GeneratorBundle bundle, SessionOptions options) {
        GeneratorConfig config = bundle.manifest().generator();
        int positions = config.prompts() * config.textLength();
        float[] condition = Samples.normal(positions * config.channels(), SEED);
        boolean[] mask = new boolean[positions];
        Arrays.fill(mask, true);
        Samples wall = new Samples(rounds);
        Samples cpu = new Samples(rounds);
        float[] tokens = {};
        System.gc(); // what the pass before left behind is not this one's memory
        try (MemoryWatch memory = new MemoryWatch()) {
            long start = System.nanoTime();
            try (LoraGenerator generator = bundle.openGenerator(options)) {
                double open = (System.nanoTime() - start) / 1e9;
                for (int round = 0; round < rounds; round++) {
                    double cpuBefore = Machine.processCpuSeconds();
                    long before = System.nanoTime();
                    tokens = generator.generate(condition, mask);
                    wall.add((System.nanoTime() - before) / 1e9);
                    cpu.add(Machine.processCpuSeconds() - cpuBefore);
                    output.note("%s: pass %d of %d, %.2f s", form, round + 1, rounds, wall.latest());
                }
                return new Pass(form, open, wall, cpu, memory.anonymousBytes(), memory.filePageBytes(), tokens);
            }
        }
    }

    private void report(
            GeneratorBundle bundle, GeneratorConfig config, SessionOptions options, double peak, List<Pass> passes) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.put("generator", bundle.manifest().name());
        json.put("trained", bundle.manifest().training().trained());
        json.put("threads", options.threads());
        json.put("parameters", config.parameters());
        json.put("gemm_gflops", peak);
        output.line(
                "%s (%s), %,d parameters, %d threads; matrix product %.0f GFLOP/s",
                bundle.manifest().name(),
                bundle.manifest().training().trained() ? "trained" : "random weights",
                config.parameters(),
                options.threads(),
                peak);
        output.line(
                "%-10s %8s %10s %8s %10s %12s %12s",
                "form", "open s", "forward s", "CPU s", "GFLOP/s", "anon MB", "file MB");
        Pass reference = passes.getFirst();
        for (Pass pass : passes) {
            json.put(pass.form().replace(' ', '_'), row(config, pass));
        }
        if (reference.form().equals(AS_IT_IS)) {
            for (Pass pass : passes.subList(1, passes.size())) {
                json.put(pass.form().replace(' ', '_') + "_against_as_it_is", compared(bundle, reference, pass));
            }
        }
        output.result(json);
    }

    private Map<String, Object> row(GeneratorConfig config, Pass pass) {
        Map<String, Object> values = pass.toJson();
        String rate = "";
        if (config instanceof PaperConfig paper) {
            double gigaflops = 2e-9 * paper.multiplyAdds() / pass.wall().median();
            values.put("definition_gflops", gigaflops);
            rate = String.format(Locale.ROOT, "%.0f", gigaflops);
        }
        output.line(
                "%-10s %8.2f %10.2f %8.1f %10s %12.0f %12.0f",
                pass.form(),
                pass.openSeconds(),
                pass.wall().median(),
                pass.cpu().median(),
                rate,
                pass.anonymous() / 1e6,
                pass.filePages() / 1e6);
        return values;
    }

    private Map<String, Object> compared(GeneratorBundle bundle, Pass reference, Pass pass) {
        Map<String, Object> values = new LinkedHashMap<>();
        double ratio = reference.wall().median() / pass.wall().median();
        values.put("ratio", ratio);
        output.line("%s / %s: %.2f", reference.form(), pass.form(), ratio);
        errors(bundle, reference.tokens(), pass.tokens()).forEach((what, error) -> {
            values.put(what, error);
            output.line("%-32s %.2e", what.replace('_', ' '), error);
        });
        return values;
    }

    private Map<String, Double> errors(GeneratorBundle bundle, float[] expected, float[] actual) {
        LoraWeights reference = bundle.manifest().layout().detokenize(expected, DType.F32);
        LoraWeights other = bundle.manifest().layout().detokenize(actual, DType.F32);
        Map<String, Double> errors = new LinkedHashMap<>();
        errors.put("tokens_relative_error", AdapterDifference.relative(expected, actual));
        AdapterDifference.deltas(reference, other)
                .forEach((module, error) -> errors.put("delta_relative_error_of_" + module, error));
        if (!engine.isEmbeddedModel()) {
            errors.putAll(AdapterDifference.logits(engine, reference, other));
        }
        return errors;
    }
}
