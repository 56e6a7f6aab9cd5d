package org.dndllm.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.SessionOptions;

/**
 * The first half of the flow, without a base model: prompts, condition [N, L, C], weight tokens [T, R, W], LoRA weights.
 * Encoder, generator and detokenisation run one after the other, or as one graph that gives an adapter's bytes at once.
 * Owns the sessions and closes them. One generation at a time.
 */
public final class AdapterPipeline implements AutoCloseable {
    private final GeneratorBundle bundle;
    private final SentenceEncoder encoder;
    private final AdapterRoute route;
    private final Optional<OutOfDistribution> outOfDistribution;

    private AdapterPipeline(
            GeneratorBundle bundle,
            SentenceEncoder encoder,
            AdapterRoute route,
            Optional<OutOfDistribution> outOfDistribution) {
        this.bundle = bundle;
        this.encoder = encoder;
        this.route = route;
        this.outOfDistribution = outOfDistribution;
    }

    /** Opens both graphs of a bundle, to be run one after the other: for those who look at the weights themselves. */
    public static AdapterPipeline open(GeneratorBundle bundle, SessionOptions options) {
        return open(bundle, options, encoder -> new SeparateRoute(bundle, encoder, bundle.openGenerator(options)));
    }

    /**
     * Opens a bundle for adapters of one type: on CUDA as one graph, where the session has a place to write that to; on the
     * processor only when {@link EngineOptions#fused()} asks for it.
     *
     * @throws InvalidInputException when it is asked for and cannot be had
     */
    public static AdapterPipeline open(GeneratorBundle bundle, EngineOptions options) {
        SessionOptions session = options.session();
        return open(bundle, session, encoder -> {
            boolean cuda = encoder.provider() == SessionOptions.Provider.CUDA;
            if (options.fused() || cuda && session.layouts().isPresent()) {
                // On the encoder's provider: half a pipeline on a GPU would be the slowest of all.
                return FusedRoute.open(
                        bundle, encoder.tokenizer(), options.adapterType(), session.withProvider(encoder.provider()));
            }
            return new SeparateRoute(bundle, encoder, bundle.openGenerator(session));
        });
    }

    private static AdapterPipeline open(
            GeneratorBundle bundle, SessionOptions options, Function<SentenceEncoder, AdapterRoute> opener) {
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
            return new AdapterPipeline(bundle, encoder, opener.apply(encoder), outOfDistribution);
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
        AdapterRoute.Made made = route.run(draw.prompts(), times, progress);
        BundleManifest manifest = bundle.manifest();
        ConditionStats stats = ConditionStats.of(made.means(), bundle.length(), made.tokenCounts());
        Optional<OutOfDistribution.Score> score = outOfDistribution.map(known -> known.score(made.means()));
        return new GeneratedAdapter(
                name,
                made.adapter(),
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
        return outOfDistribution.map(
                known -> known.score(SeparateRoute.encode(bundle, encoder, drawn, SentenceEncoder.Progress.NONE)));
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
            route.close();
        } finally {
            encoder.close();
        }
    }
}
