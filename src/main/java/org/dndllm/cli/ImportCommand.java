package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.GeneratorImport;
import org.dndllm.engine.TargetPreset;
import org.dndllm.generator.CompactConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd import}. */
@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        header = "Turn a generator that the official PyTorch code trained into a bundle.",
        description = {
            "Reads a .pth state dict without Python and without running anything in it, joins it with the sentence encoder"
                    + " that it was trained with, and writes a bundle for dnd generate. Stages and kernel follow from the"
                    + " shapes of the weights; --preset demands those of a known target.",
            "--untrained writes a preset with random weights, for speed and memory work only.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd import Qwen0.5B__ARC-c.pth --encoder all-MiniLM-L12-v2 --base qwen2.5-0.5b.gguf --save-to arc-c",
            "  dnd import Math1.5B.pth --preset qwen2.5-1.5b-math --encoder all-MiniLM-L12-v2 \\",
            "      --base Qwen2.5-1.5B-Instruct/config.json --save-to math",
            "  dnd import --untrained --preset qwen2.5-0.5b-commonsense --base qwen2.5-0.5b.gguf --save-to speed",
        })
final class ImportCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(arity = "0..1", paramLabel = "PTH", description = "State dict of the official code (.pth).")
    private @Nullable Path file;

    @Option(
            names = "--encoder",
            paramLabel = "DIR",
            description = "Sentence-transformers folder: config.json, vocab.txt or tokenizer.json, model.safetensors."
                    + " Required, but with --untrained, where a random one takes its place.")
    private @Nullable Path encoder;

    @Option(names = "--base", required = true, paramLabel = "BASE", description = BaseOption.HELP)
    private String base = "";

    @Option(names = "--save-to", required = true, paramLabel = "BUNDLE", description = "Folder for the bundle.")
    private Path target = Path.of("");

    @Option(
            names = "--preset",
            paramLabel = "NAME",
            description = "The target that the weights must be of, such as qwen2.5-0.5b-commonsense.")
    private @Nullable String preset;

    @Option(
            names = "--alpha",
            paramLabel = "A",
            description = "Numerator of the adapters' scale alpha / rank. Default: twice the rank, as in the official"
                    + " adapters.")
    private @Nullable String alpha;

    @Option(names = "--name", paramLabel = "NAME", description = "The bundle's name. Default: that of its folder.")
    private @Nullable String name;

    @Option(names = "--untrained", description = "Random weights instead of a .pth; needs --preset.")
    private boolean untrained;

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of random weights. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--replace", description = "Replace the bundle if it exists.")
    private boolean replace;

    @Override
    public Integer call() {
        Optional<TargetPreset> wanted = Optional.ofNullable(preset).map(PresetFlag::named);
        requireFlags(wanted);
        Optional<Float> scale = Optional.ofNullable(alpha).map(text -> Flags.finite("--alpha", text));
        if (Files.exists(target) && !replace) {
            throw new InvalidInputException(
                    target.toString(), "output", "exists already; choose another name or say --replace");
        }
        report(
                encoder == null
                        ? SyntheticModels.withEncoder(seed, folder -> run(folder, wanted, scale))
                        : run(encoder, wanted, scale));
        return 0;
    }

    private void requireFlags(Optional<TargetPreset> wanted) {
        if (untrained) {
            if (file != null) {
                throw Flags.wrong("--untrained", "makes random weights; leave " + file + " out");
            }
            if (wanted.isEmpty()) {
                throw Flags.wrong("--untrained", "needs --preset, one of " + TargetPreset.names());
            }
            return;
        }
        if (file == null) {
            throw Flags.wrong("PTH", "is not given; name the state dict, or say --untrained for random weights");
        }
        if (encoder == null) {
            throw Flags.wrong(
                    "--encoder",
                    "is not given; name the folder of the encoder that the generator was trained with"
                            + " (all-MiniLM-L12-v2 for the official ones)");
        }
        if (wanted.isPresent() && wanted.get().config() instanceof CompactConfig) {
            throw Flags.wrong("--preset", preset + " is of our own family, which no official state dict holds");
        }
    }

    private GeneratorImport.Result run(Path folder, Optional<TargetPreset> wanted, Optional<Float> scale) {
        GeneratorImport.Request request = new GeneratorImport.Request(
                folder,
                BaseOption.model(base),
                wanted,
                scale,
                Optional.ofNullable(name)
                        .orElseGet(() -> target.toAbsolutePath()
                                .normalize()
                                .getFileName()
                                .toString()),
                target,
                replace);
        return file == null
                ? GeneratorImport.untrained(request, seed, output.progress())
                : GeneratorImport.official(file, request, output.progress());
    }

    private void report(GeneratorImport.Result result) {
        BundleManifest manifest = result.bundle().manifest();
        String called = result.preset().map(TargetPreset::name).orElse("none of the presets");
        output.line(
                "generator %s, %s, %,d parameters",
                manifest.generator().family(), called, manifest.generator().parameters());
        output.line("stages    %s", manifest.generator().stages());
        output.line(
                "texts     %d prompts of %d tokens",
                manifest.generator().prompts(), manifest.generator().textLength());
        output.line(
                "adapters  rank %d, alpha %s, for %s",
                manifest.layout().rank(),
                manifest.layout().alpha(),
                manifest.base().name());
        output.line("weights   %s", manifest.training().description());
        if (result.encoderSavedAlong()) {
            output.line("encoder   its weights were saved along and are taken from there");
        } else if (encoder == null) {
            output.note("warning: the encoder holds random numbers too; name one with --encoder");
        }
        output.line("written   %s", target);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("written", target.toString());
        json.put("name", manifest.name());
        json.put("generator", manifest.generator().toJson());
        result.preset().ifPresent(known -> json.put("preset", known.name()));
        json.put("parameters", manifest.generator().parameters());
        json.put("layout", manifest.layout().toJson());
        json.put("base", manifest.base().name());
        manifest.base().sha256().ifPresent(hash -> json.put("base_sha256", hash));
        json.put("trained", manifest.training().trained());
        json.put("weights", manifest.training().description());
        json.put("types", result.types());
        json.put("encoder_saved_along", result.encoderSavedAlong());
        json.put("bundle_sha256", result.bundle().sha256());
        output.result(json);
    }
}
