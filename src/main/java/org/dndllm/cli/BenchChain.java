package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.llama.LlamaLibrary;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.SessionOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench chain}. */
@Command(
        name = "chain",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header =
                "Time the whole chain, prompts to tokens, stage by stage, with its memory: one table, one JSON object.",
        description = {
            "Medians over --rounds of every stage from the prompts to the first token under a fresh adapter; then prompt and"
                    + " decode speed with and without adapter, in turn, --pairs times, with the ratio of each pair; peaks of"
                    + " resident memory, anonymous and mapped files apart, and of GPU memory.",
            "On the CPU, and once more as --ep, -ngl and --backend say where they ask for a GPU.",
            "--preset makes a base model and a generator of published shapes with random weights in --work (the 0.5B pair"
                    + " takes 5 GB) and measures them; the output says that they are random. The same decode loop in C"
                    + " stands beside ours in dnd bench decode --c-loop.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd bench chain",
            "  dnd bench chain --preset qwen2.5-0.5b --generator-preset compact-qwen2.5-0.5b --save before.json",
            "  dnd bench chain --preset qwen2.5-0.5b --ep cuda -ngl 99 --backend cuda --json",
            "  dnd bench chain -m base.gguf --generator bundle --prompts task.json --compare before.json",
        })
final class BenchChain implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(
            names = "--preset",
            paramLabel = "SHAPE",
            description = "Random models of this shape instead of -m and --generator: qwen2.5-0.5b, -1.5b, -7b, ...")
    private @Nullable String preset;

    @Option(
            names = "--generator-preset",
            paramLabel = "NAME",
            description = "Its generator. Default: the first official one for that shape.")
    private @Nullable String generatorPreset;

    @Option(
            names = "--base-type",
            paramLabel = "TYPE",
            defaultValue = "q8_0",
            description = "Type of that base model's matrices: f32, f16, bf16, q8_0. Default: ${DEFAULT-VALUE}.")
    private String baseType = "q8_0";

    @Option(
            names = "--work",
            paramLabel = "DIR",
            defaultValue = "target/bench",
            description = "Where random models are made, and found again. Default: ${DEFAULT-VALUE}.")
    private Path work = Path.of("");

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description = "Prompts of a task. Default: those of an embedded held-out task.")
    private @Nullable Path prompts;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "11",
            description = "Adapters made, after one to warm up. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Turns of base model and adapter. Default: ${DEFAULT-VALUE}.")
    private int pairs;

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Default: ${DEFAULT-VALUE}.")
    private int promptTokens;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "32",
            description = "Generated in each turn. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(names = "--no-cpu", description = "Only as --ep and -ngl ask for, not on the CPU as well.")
    private boolean noCpu;

    @Option(names = "--save", paramLabel = "FILE.json", description = "Write the JSON object there too.")
    private @Nullable Path save;

    @Option(
            names = "--compare",
            paramLabel = "FILE.json",
            description = "Print this run beside an earlier one, with ratios.")
    private @Nullable Path earlier;

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, 1);
        Flags.atLeast("--pairs", pairs, 1);
        Flags.atLeast("--prompt-tokens", promptTokens, 1);
        Flags.atLeast("--tokens", tokens, 1);
        Map<String, EngineOptions> sides = sides();
        Optional<ChainReport> before = Optional.ofNullable(earlier).map(ChainReport::read);
        ChainModels models = models();
        sides.values().forEach(options -> requireDevices(options, models.bundle()));
        ChainPlan plan = new ChainPlan(
                models.base(),
                GgufFile.sha256(models.base()),
                models.bundle(),
                prompts(),
                rounds,
                pairs,
                promptTokens,
                tokens);
        Map<String, Object> json = ChainReport.head(plan, engine.options(), models.isSynthetic());
        json.put("command", output.command());
        List<Map<String, Object>> measured = new ArrayList<>();
        sides.forEach((name, options) -> measured.add(ChainSide.measure(name, plan, options, output.progress())));
        json.put("sides", measured);
        ChainReport report = ChainReport.of(json);
        report.print(output);
        before.ifPresent(old -> json.put("comparison", old.compare(earlierFile(), report, output)));
        if (save != null) {
            AtomicFile.writeString(save, JsonWriter.write(json));
            output.line("written    %s", save);
        }
        output.result(json);
        return 0;
    }

    private Path earlierFile() {
        return Optional.ofNullable(earlier).orElseThrow();
    }

    /** Names of device choices and how to open the engine for each, the CPU first. */
    private Map<String, EngineOptions> sides() {
        EngineOptions asked = engine.options();
        EngineOptions cpu = asked.withSession(asked.session().withProvider(SessionOptions.Provider.CPU))
                .withModel(ModelOptions.CPU);
        Map<String, EngineOptions> sides = new LinkedHashMap<>();
        if (!noCpu) {
            sides.put("cpu", cpu);
        }
        boolean elsewhere = asked.session().provider() != SessionOptions.Provider.CPU
                || asked.model().gpuLayers() > 0;
        if (elsewhere) {
            sides.put(name(asked), asked);
        }
        if (sides.isEmpty()) {
            throw Flags.wrong("--no-cpu", "leaves nothing to measure; say --ep cuda, or -ngl and --backend");
        }
        return sides;
    }

    /** A GPU that is not there is known before minutes go into the other side: the encoder is small and opens at once. */
    private static void requireDevices(EngineOptions options, Path bundle) {
        if (options.model().gpuLayers() > 0) {
            LlamaLibrary.load().requireBackend(options.model().backend());
        }
        if (options.session().provider() != SessionOptions.Provider.CPU) {
            SentenceEncoder.open(bundle, options.session()).close();
        }
    }

    private static String name(EngineOptions options) {
        String onnx = options.session().provider().name().toLowerCase(Locale.ROOT);
        String llama = options.model().gpuLayers() > 0 ? options.model().backend() : "cpu";
        return onnx.equals(llama) ? onnx : "onnx " + onnx + ", llama " + llama;
    }

    private ChainModels models() {
        if (preset == null) {
            if (generatorPreset != null) {
                throw Flags.wrong("--generator-preset", "is for --preset");
            }
            return new ChainModels(engine.model(), engine.generator());
        }
        if (!engine.isEmbeddedModel() || engine.namesGenerator()) {
            throw Flags.wrong("--preset", "makes its own models; leave -m and --generator out");
        }
        return ChainModels.synthetic(
                work,
                preset,
                Optional.ofNullable(generatorPreset),
                Flags.adapterType("--base-type", baseType),
                output.progress());
    }

    private PromptSet prompts() {
        if (prompts != null) {
            return PromptReader.read(prompts);
        }
        TaskFolder folder = NanoSet.embedded().taskFolder();
        return PromptReader.read(
                folder.trainFile(folder.names(TaskRole.HELD_OUT).getFirst()));
    }
}
