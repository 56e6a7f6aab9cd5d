package org.dndllm.generator;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongConsumer;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.ExternalData;
import org.dndllm.onnx.GraphPart;
import org.dndllm.onnx.OnnxGraph;

/**
 * A generator as an ONNX model: input {@value #CONDITION} [batch, N, L, C], for the compact family also {@value #MASK}
 * [batch, N, L] (1 real token, 0 padding), output {@value #TOKENS} [batch, T, R, W]; float32.
 */
public final class GeneratorGraph {
    /** Name of the input that both families have. */
    public static final String CONDITION = "condition";

    /** Name of the compact family's second input. */
    public static final String MASK = "mask";

    /** Name of the output. */
    public static final String TOKENS = "tokens";

    static final float EPSILON = 1e-5f; // PyTorch's LayerNorm default

    private GeneratorGraph() {}

    /**
     * Writes the generator; beyond 256 MiB its weights go to {@code <file name>.data} beside it. Weights are read in
     * small pieces, so memory stays flat.
     *
     * @throws InvalidInputException when a weight is missing or has another shape than the configuration gives it
     * @throws org.dndllm.EnvironmentException when the disk refuses
     */
    public static void export(GeneratorConfig config, WeightSource weights, Path onnxFile) {
        build(config, weights).write(onnxFile, ExternalData.AUTO);
    }

    /**
     * Appends a generator that {@link #export} wrote to a larger graph.
     *
     * @param condition value [1, N, L, C]
     * @param mask value [1, N, L]; the paper's family does not look at it
     * @param arithmetic in which it computes
     * @param progress told of the bytes of its constants as they stream
     * @return the value [1, T, R, W] of its tokens
     * @throws InvalidInputException when the file is no generator of that family
     */
    public static String append(
            OnnxGraph graph,
            Path onnxFile,
            GeneratorConfig config,
            String condition,
            String mask,
            Arithmetic arithmetic,
            LongConsumer progress) {
        Map<String, String> arguments = switch (config) {
            case PaperConfig paper -> Map.of(CONDITION, condition);
            case CompactConfig compact -> Map.of(CONDITION, condition, MASK, mask);
        };
        return GraphPart.of(onnxFile).appendTo(graph, "generator/", arguments, TOKENS, arithmetic, progress);
    }

    static OnnxGraph build(GeneratorConfig config, WeightSource weights) {
        return switch (config) {
            case PaperConfig paper -> HyperConvGraph.build(paper, weights);
            case CompactConfig compact -> CompactGraph.build(compact, weights);
        };
    }
}
