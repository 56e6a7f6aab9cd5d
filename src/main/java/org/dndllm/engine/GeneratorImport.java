package org.dndllm.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.EncoderShape;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.Sha256;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.OfficialStateDict;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightNames;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.ScaleBorder;
import org.dndllm.lora.TargetModule;

/**
 * Makes generator bundles of what others trained: a state dict of the official code, a sentence-transformers encoder and a
 * base model's shape. The state dict stays mapped and passes in pieces, so a file of 4.4 GB needs no more memory than one of
 * 40 MB.
 */
public final class GeneratorImport {
    /** {@code BERT_MAX_L} of the official code: longer texts are encoded in blocks of that many tokens. */
    private static final int OFFICIAL_BLOCK = 512;

    /** Neither file says from which seed training started. */
    private static final long UNKNOWN_SEED = 0;

    private GeneratorImport() {}

    /**
     * What a bundle is made of beside the weights.
     *
     * @param encoder folder with {@code config.json}, {@code vocab.txt} or {@code tokenizer.json}, and weights
     * @param base the model that the adapters are for
     * @param preset what the weights must be of; without it their shapes decide
     * @param alpha numerator of the adapters' scale; without it twice the rank, as in every official adapter
     * @param name of the bundle
     * @param target folder to write
     * @param replace whether a bundle that is there gives way
     */
    public record Request(
            Path encoder,
            BaseModel base,
            Optional<TargetPreset> preset,
            Optional<Float> alpha,
            String name,
            Path target,
            boolean replace) {}

    /**
     * What came of it.
     *
     * @param preset the preset that the generator is of, if any
     * @param types the element types that the weights had
     * @param encoderSavedAlong whether the encoder's weights came out of the state dict
     */
    public record Result(
            GeneratorBundle bundle, Optional<TargetPreset> preset, String types, boolean encoderSavedAlong) {}

    /**
     * Converts an official {@code .pth}. Where it holds the encoder's weights too, they are taken rather than the folder's, as
     * the official code does when it loads the file.
     *
     * @throws InvalidInputException naming file and field when one of the three does not fit the others, or is malformed;
     *     nothing is written then
     * @throws org.dndllm.EnvironmentException when the disk refuses
     */
    public static Result official(Path file, Request request, Progress progress) {
        requireReplaceable(request.target());
        EncoderShape encoder = SentenceEncoder.inspect(request.encoder());
        try (OfficialStateDict state = OfficialStateDict.open(file)) {
            PaperConfig config = request.preset().map(GeneratorImport::paper).orElseGet(state::config);
            WeightSource weights = state.weights(config);
            AdapterLayout layout = request.preset().isPresent()
                    ? request.preset().get().layoutFor(request.base())
                    : layout(config, request.base(), file.toString());
            BundleDraft.requireEncoder(config, request.encoder(), encoder);
            requireOfficialBlocks(config, request.encoder(), encoder);
            // Last, because a file of gigabytes takes its time.
            String description = "imported from " + file.getFileName() + " (sha256 " + Sha256.of(file) + ", "
                    + state.types() + "), trained by the official code";
            BundleDraft draft = new BundleDraft(
                    request.name(),
                    config,
                    withAlpha(layout, request.alpha()),
                    request.base().identity(),
                    new BundleManifest.Training(true, description, UNKNOWN_SEED));
            boolean savedAlong = !state.encoder().isEmpty();
            GeneratorBundle bundle = draft.write(
                    request.target(),
                    inside -> {
                        if (savedAlong) {
                            EncoderFiles.copy(request.encoder(), state.encoder(), state.source(), inside);
                        } else {
                            EncoderFiles.copy(request.encoder(), inside);
                        }
                    },
                    weights,
                    request.replace(),
                    progress);
            return new Result(bundle, TargetPreset.of(config, layout), state.types(), savedAlong);
        }
    }

    /**
     * Writes a bundle of a preset with random weights, for speed and memory work: its adapters mean nothing.
     *
     * @throws InvalidInputException when the request names no preset, or as {@link #official}
     */
    public static Result untrained(Request request, long seed, Progress progress) {
        requireReplaceable(request.target());
        TargetPreset preset = request.preset()
                .orElseThrow(() -> new InvalidInputException(
                        "<request>", "preset", "is not given; random weights need an architecture, name one"));
        AdapterLayout layout = withAlpha(preset.layoutFor(request.base()), request.alpha());
        BundleDraft draft = new BundleDraft(
                request.name(),
                preset.config(),
                layout,
                request.base().identity(),
                new BundleManifest.Training(
                        false, "untrained " + preset.name() + ": random weights of seed " + seed, seed));
        BundleDraft.requireEncoder(preset.config(), request.encoder(), SentenceEncoder.inspect(request.encoder()));
        WeightSource weights = switch (preset.config()) {
            case PaperConfig paper -> GeneratorWeights.random(paper, seed);
            case CompactConfig compact -> GeneratorWeights.random(compact, layout, seed);
        };
        GeneratorBundle bundle = draft.write(
                request.target(),
                inside -> EncoderFiles.copy(request.encoder(), inside),
                weights,
                request.replace(),
                progress);
        return new Result(bundle, Optional.of(preset), "F32", false);
    }

    private static PaperConfig paper(TargetPreset preset) {
        GeneratorConfig config = preset.config();
        if (config instanceof PaperConfig paper) {
            return paper;
        }
        throw new InvalidInputException(
                "<request>",
                "preset",
                preset.name() + " is of the " + config.family()
                        + " family, which no official state dict holds; choose one of the official targets");
    }

    /** All seven modules in the official form; the last stage gives rank and chunk width. */
    private static AdapterLayout layout(PaperConfig config, BaseModel base, String source) {
        Stage tokens = config.tokens();
        int rank = tokens.l() - ScaleBorder.WIDTH;
        int chunk = tokens.c() - ScaleBorder.WIDTH;
        String lastBias = WeightNames.hyperBias(config.stages().size() - 2);
        if (rank < 1 || chunk < 2 || chunk % 2 != 0) {
            throw new InvalidInputException(
                    source,
                    lastBias,
                    "makes tokens of " + tokens.l() + " x " + tokens.c()
                            + ", expected rank + 2 rows and an even chunk width + 2 columns, as official tokens have");
        }
        AdapterLayout layout = AdapterLayout.of(base.shape(), rank, 2f * rank, List.of(TargetModule.values()), chunk);
        if (layout.tokens() != tokens.n()) {
            throw new InvalidInputException(
                    source,
                    lastBias,
                    "belongs to a generator of " + tokens.n() + " tokens of " + tokens.l() + " x " + tokens.c()
                            + ", but adapters of rank " + rank + " for " + base.source() + " (" + base.shape()
                            + ") take "
                            + layout.tokens() + "; choose the base model that it was trained for");
        }
        return layout;
    }

    private static AdapterLayout withAlpha(AdapterLayout layout, Optional<Float> alpha) {
        return alpha.isEmpty() ? layout : layout.withAlpha(alpha.get());
    }

    /** The official code cuts at 512 whatever its encoder could read at once. */
    private static void requireOfficialBlocks(PaperConfig config, Path folder, EncoderShape encoder) {
        if (config.textLength() > OFFICIAL_BLOCK && encoder.maxPositions() != OFFICIAL_BLOCK) {
            throw new InvalidInputException(
                    folder.resolve("config.json").toString(),
                    "max_position_embeddings",
                    "is " + encoder.maxPositions() + ", but the official code encodes texts of " + config.textLength()
                            + " tokens in blocks of " + OFFICIAL_BLOCK
                            + "; take the encoder that the generator was trained with");
        }
    }

    private static void requireReplaceable(Path folder) {
        ReplaceableFolder.require(folder, GeneratorBundle.MANIFEST, "is no generator bundle");
    }
}
