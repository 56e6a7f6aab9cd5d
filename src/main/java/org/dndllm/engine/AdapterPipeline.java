package org.dndllm.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.DType;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.lora.LoraWeights;
import org.dndllm.onnx.SessionOptions;

/**
 * The first half of the flow, without a base model: prompts, condition [N, L, C], weight tokens [T, R, W], LoRA weights.
 * Owns the encoder and the generator session and closes both. One generation at a time.
 */
public final class AdapterPipeline implements AutoCloseable {
    private final GeneratorBundle bundle;
    private final SentenceEncoder encoder;
    private final LoraGenerator generator;
    private final Optional<OutOfDistribution> outOfDistribution;

    private AdapterPipeline(
            GeneratorBundle bundle,
            SentenceEncoder encoder,
            LoraGenerator generator,
            Optional<OutOfDistribution> outOfDistribution) {
        this.bundle = bundle;
        this.encoder = encoder;
        this.generator = generator;
        this.outOfDistribution = outOfDistribution;
    }

    /** Opens both graphs of a bundle. */
    public static AdapterPipeline open(GeneratorBundle bundle, SessionOptions options) {
        SentenceEncoder encoder = SentenceEncoder.open(bundle.folder(), options);
        try {
            int width = bundle.manifest().generator().stages().getFirst().c();
            if (encoder.width() != width) {
                throw new InvalidInputException(
                        bundle.folder().toString(),
                        "encoder.onnx",
                        "states have " + encoder.width() + " channels, the generator reads " + width);
            }
            Optional<OutOfDistribution> outOfDistribution = bundle.outOfDistribution(width);
            LoraGenerator generator = bundle.openGenerator(options);
            return new AdapterPipeline(bundle, encoder, generator, outOfDistribution);
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Generates an adapter.
     *
     * @param prompts of the task; N of them are drawn with {@code seed}
     * @param baseSha256 hash of the base model that the adapter is for
     * @throws InvalidInputException if the generator's output is not finite
     */
    public GeneratedAdapter generate(PromptSet prompts, long seed, String name, String baseSha256, Progress progress) {
        StageTimes times = new StageTimes();
        Draw draw = prompts.draw(bundle.prompts(), seed);
        Condition condition = times.time(
                "encode",
                () -> encode(draw.prompts(), (done, total) -> progress.advanced("encode prompts", done, total)));
        progress.advanced("generate weights", 0, 1);
        float[] tokens = times.time("generate", () -> generator.generate(condition.states(), condition.mask()));
        progress.advanced("generate weights", 1, 1);
        progress.advanced("detokenize", 0, 1);
        LoraWeights weights =
                times.time("detokenize", () -> bundle.manifest().layout().detokenize(tokens, DType.BF16));
        progress.advanced("detokenize", 1, 1);
        BundleManifest manifest = bundle.manifest();
        ConditionStats stats = ConditionStats.of(condition);
        Optional<OutOfDistribution.Score> score = outOfDistribution.map(known -> known.score(condition));
        return new GeneratedAdapter(
                name,
                weights,
                new Provenance(
                        manifest.name(),
                        bundle.sha256(),
                        manifest.training().trained(),
                        baseSha256,
                        prompts.source(),
                        prompts.sha256(),
                        prompts.size(),
                        Provenance.indices(draw),
                        draw.hashes(),
                        seed,
                        times.stages(),
                        stats,
                        score,
                        warnings(draw, stats, score)));
    }

    /**
     * The out-of-distribution score of a draw without generating anything.
     *
     * @return empty when the bundle has no statistics of its training tasks
     */
    public Optional<OutOfDistribution.Score> score(PromptSet prompts, long seed) {
        List<String> drawn = prompts.draw(bundle.prompts(), seed).prompts();
        return outOfDistribution.map(known -> known.score(encode(drawn, SentenceEncoder.Progress.NONE)));
    }

    private Condition encode(List<String> prompts, SentenceEncoder.Progress progress) {
        return bundle.manifest().generator().readsPadding()
                ? encoder.encode(prompts, bundle.length(), progress)
                : encoder.encodeUnpadded(prompts, bundle.length(), progress);
    }

    private List<String> warnings(Draw draw, ConditionStats stats, Optional<OutOfDistribution.Score> score) {
        List<String> warnings = new ArrayList<>();
        if (!bundle.manifest().training().trained()) {
            warnings.add("untrained weights: " + bundle.manifest().training().description());
        }
        if (score.isPresent() && score.get().outside()) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "these prompts are unlike anything this generator was trained on (score %.2f, at most %.2f"
                            + " expected): use the base model",
                    score.get().value(),
                    score.get().threshold()));
        }
        if (draw.repeats()) {
            warnings.add("only " + draw.from().size() + " prompts for a generator that reads " + stats.prompts()
                    + ": they repeat, and the condition says less than one of training time");
        }
        if (stats.fullPrompts() > 0) {
            warnings.add(stats.fullPrompts() + " of " + stats.prompts() + " prompts fill all " + stats.length()
                    + " positions; what lies beyond was not read");
        }
        if (stats.collapsed()) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the prompts are all alike to the encoder (mean cosine %.3f): expect a generic adapter",
                    stats.meanCosine()));
        }
        return warnings;
    }

    /** The bundle that this pipeline runs. */
    public GeneratorBundle bundle() {
        return bundle;
    }

    /** The sentence encoder, for statistics; closed with this pipeline. */
    public SentenceEncoder encoder() {
        return encoder;
    }

    @Override
    public void close() {
        try {
            generator.close();
        } finally {
            encoder.close();
        }
    }
}
