package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.GeneratorImport;
import org.dndllm.engine.Progress;
import org.dndllm.engine.TargetPreset;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;

/**
 * The two models of a chain.
 *
 * @param base a GGUF file
 * @param bundle a generator that fits it
 */
record ChainModels(Path base, Path bundle) {
    /** Of random weights, for speed and memory alone. */
    private static final long SEED = 1;

    /**
     * Models of a published shape with random weights, made where they are not there yet: {@code
     * SHAPE-shape-TYPE.gguf} and {@code PRESET-untrained} in a folder.
     *
     * @param shapeName such as {@code qwen2.5-0.5b}
     * @param presetName of the generator; without it the first one for that shape
     * @throws InvalidInputException when what is there is something else
     */
    static ChainModels synthetic(
            Path folder, String shapeName, Optional<String> presetName, GgmlType type, Progress progress) {
        BaseShape shape = BaseOption.size("--preset", shapeName);
        TargetPreset preset = presetName
                .map(name -> PresetFlag.named("--generator-preset", name))
                .orElseGet(() -> presetFor(shapeName));
        Path base = folder.resolve(
                shapeName.toLowerCase(Locale.ROOT) + "-shape-" + type.name().toLowerCase(Locale.ROOT) + ".gguf");
        if (!Files.exists(base)) {
            SyntheticModels.writeBase(base, shapeName, shape, Optional.empty(), type, SEED);
        }
        requireSynthetic(base, shape);
        Path bundle = folder.resolve(preset.name() + "-untrained");
        if (!Files.exists(bundle)) {
            write(bundle, base, preset, progress);
        }
        preset.require(bundle, GeneratorBundle.manifest(bundle));
        return new ChainModels(base, bundle);
    }

    private static TargetPreset presetFor(String shapeName) {
        return TargetPreset.names().stream()
                .filter(name -> name.startsWith(shapeName.toLowerCase(Locale.ROOT) + "-"))
                .findFirst()
                .map(TargetPreset::named)
                .orElseThrow(() -> Flags.wrong(
                        "--preset",
                        "is '" + shapeName + "', for which there is no generator; there are " + TargetPreset.names()
                                + ", choose one with --generator-preset"));
    }

    private static void requireSynthetic(Path base, BaseShape shape) {
        try (GgufFile file = GgufFile.open(base)) {
            if (!isSynthetic(file) || !BaseShape.fromGguf(file).equals(shape)) {
                throw new InvalidInputException(
                        base.toString(), "dnd.synthetic", "is no random model of shape " + shape + "; move it away");
            }
        }
    }

    private static void write(Path bundle, Path base, TargetPreset preset, Progress progress) {
        SyntheticModels.withEncoder(
                SEED,
                encoder -> GeneratorImport.untrained(
                        new GeneratorImport.Request(
                                encoder,
                                BaseOption.model(base.toString()),
                                Optional.of(preset),
                                Optional.empty(),
                                preset.name() + "-untrained",
                                bundle,
                                false),
                        SEED,
                        progress));
    }

    /** Whether either holds random weights: its numbers say nothing about answers. */
    boolean isSynthetic() {
        try (GgufFile file = GgufFile.open(base)) {
            return isSynthetic(file)
                    || !GeneratorBundle.manifest(bundle).training().trained();
        }
    }

    private static boolean isSynthetic(GgufFile file) {
        return file.findBool("dnd.synthetic").orElse(false);
    }
}
