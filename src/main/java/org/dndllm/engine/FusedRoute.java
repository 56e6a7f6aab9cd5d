package org.dndllm.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.EncoderPart;
import org.dndllm.encoder.TokenBatch;
import org.dndllm.encoder.WordPieceTokenizer;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.AdapterFrame;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.BaseTensors;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.SessionOptions;

/**
 * One {@link FusedGraph} from token ids to the bytes of a GGUF adapter: they are written once, behind a ready header, by
 * ONNX Runtime itself.
 */
final class FusedRoute implements AdapterRoute {
    private final GeneratorBundle bundle;
    private final WordPieceTokenizer tokenizer;
    private final AdapterFrame frame;
    private final OnnxSession session;

    private FusedRoute(GeneratorBundle bundle, WordPieceTokenizer tokenizer, AdapterFrame frame, OnnxSession session) {
        this.bundle = bundle;
        this.tokenizer = tokenizer;
        this.frame = frame;
        this.session = session;
    }

    /**
     * Opens a bundle's fused graph; the first time it is written into the layout cache.
     *
     * @param tokenizer the bundle's; stays the caller's
     * @param type of the adapter's values: F32, F16 or BF16
     * @param options with a layout cache, and a provider that is known to be there
     * @throws InvalidInputException when there is no layout cache, or the bundle's graphs cannot be joined
     */
    static FusedRoute open(
            GeneratorBundle bundle, WordPieceTokenizer tokenizer, GgmlType type, SessionOptions options) {
        if (options.layouts().isEmpty()) {
            throw new InvalidInputException(
                    "<options>",
                    "fused",
                    "needs a place for the joined graph, but the session has no layout cache; give it one");
        }
        AdapterFrame frame = GgufAdapter.frame(bundle.manifest().layout(), type);
        Arithmetic arithmetic = Arithmetic.of(options.precision(), options.provider());
        Path model = FusedGraph.in(options.layouts().get(), bundle, frame, arithmetic);
        return new FusedRoute(bundle, tokenizer, frame, OnnxSession.open(model, options));
    }

    @Override
    public Made run(List<String> prompts, StageTimes times, Progress progress) {
        TokenBatch tokens = times.time("tokenize", () -> tokenizer.encode(prompts, bundle.length()));
        progress.advanced("generate weights", 0, 1);
        Made made = times.time("generate", () -> run(tokens));
        progress.advanced("generate weights", 1, 1);
        return made;
    }

    /** @throws IllegalArgumentException when the tokens are not [N, L] as the bundle reads them */
    Made run(TokenBatch tokens) {
        // Left to the collector: an adapter may be kept for as long as anyone likes.
        MemorySegment file = frame.file(Arena.ofAuto());
        float[] means = Objects.requireNonNull(
                        session.run(EncoderPart.inputs(tokens), Map.of(FusedGraph.ADAPTER, frame.data(file)))
                                .get(FusedGraph.MEANS))
                .floats();
        LazyWeights adapter = checked(file);
        int width = means.length / tokens.texts();
        float[][] rows = new float[tokens.texts()][];
        for (int n = 0; n < rows.length; n++) {
            rows[n] = Arrays.copyOfRange(means, n * width, (n + 1) * width);
        }
        int[] counts =
                IntStream.range(0, tokens.texts()).map(tokens::tokenCount).toArray();
        return new Made(adapter, rows, counts);
    }

    private LazyWeights checked(MemorySegment file) {
        String source = "generator " + bundle.manifest().name();
        BaseShape shape = bundle.manifest().layout().shape();
        try (GgufFile adapter = GgufFile.of(file, source)) {
            GgufAdapter.validate(adapter, BaseTensors.of(shape));
        }
        return LazyWeights.of(file, frame.type(), shape, source);
    }

    @Override
    public void close() {
        session.close();
    }
}
