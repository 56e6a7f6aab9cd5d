package org.dndllm.engine;

import java.util.List;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.DType;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.lora.LoraWeights;

/** Encoder, generator and detokenisation one after the other; the condition passes through the JVM. */
final class SeparateRoute implements AdapterRoute {
    private final GeneratorBundle bundle;
    private final SentenceEncoder encoder;
    private final LoraGenerator generator;

    /** @param encoder stays the caller's; the generator is closed with the route */
    SeparateRoute(GeneratorBundle bundle, SentenceEncoder encoder, LoraGenerator generator) {
        this.bundle = bundle;
        this.encoder = encoder;
        this.generator = generator;
    }

    @Override
    public Made run(List<String> prompts, StageTimes times, Progress progress) {
        Condition condition = times.time(
                "encode",
                () -> encode(
                        bundle, encoder, prompts, (done, total) -> progress.advanced("encode prompts", done, total)));
        progress.advanced("generate weights", 0, 1);
        float[] tokens = times.time("generate", () -> generator.generate(condition.states(), condition.mask()));
        progress.advanced("generate weights", 1, 1);
        progress.advanced("detokenize", 0, 1);
        LoraWeights weights =
                times.time("detokenize", () -> bundle.manifest().layout().detokenize(tokens, DType.BF16));
        progress.advanced("detokenize", 1, 1);
        return new Made(LazyWeights.of(weights), condition.promptMeans(), condition.tokenCounts());
    }

    /** The condition as the bundle's family reads it. */
    static Condition encode(
            GeneratorBundle bundle, SentenceEncoder encoder, List<String> prompts, SentenceEncoder.Progress progress) {
        return bundle.manifest().generator().readsPadding()
                ? encoder.encode(prompts, bundle.length(), progress)
                : encoder.encodeUnpadded(prompts, bundle.length(), progress);
    }

    @Override
    public void close() {
        generator.close();
    }
}
