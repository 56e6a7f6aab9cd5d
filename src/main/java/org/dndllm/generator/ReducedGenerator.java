package org.dndllm.generator;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongConsumer;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * A generator in another precision, with the inputs and the output of the one that it was made of. It belongs to that one's
 * weights and the arithmetic; it is written once, whole or not at all, and mapped ever after.
 */
final class ReducedGenerator {
    /** To be raised whenever the graph for the same weights changes. */
    private static final int VERSION = 1;

    private ReducedGenerator() {}

    /**
     * The file of a generator in an arithmetic, which is written when it is not there.
     *
     * @param identity a hash of the generator's files
     * @throws org.dndllm.InvalidInputException when the generator was not written by dnd, or a weight is beyond the range
     *     of the precision
     * @throws org.dndllm.EnvironmentException when the cache has no room or cannot be written
     */
    static Path in(LayoutCache cache, Path onnxFile, GeneratorConfig config, String identity, Arithmetic arithmetic) {
        String name = String.format(Locale.ROOT, "%.24s-%s-v%d", identity, arithmetic.label(), VERSION);
        return cache.model(name, progress -> build(onnxFile, config, arithmetic, progress));
    }

    static OnnxGraph build(Path onnxFile, GeneratorConfig config, Arithmetic arithmetic, LongConsumer progress) {
        OnnxGraph graph = new OnnxGraph("dnd-generator-" + arithmetic.label());
        int prompts = config.prompts();
        int length = config.textLength();
        String condition =
                graph.input(GeneratorGraph.CONDITION, OnnxType.FLOAT, "batch", prompts, length, config.channels());
        String mask = config instanceof CompactConfig
                ? graph.input(GeneratorGraph.MASK, OnnxType.FLOAT, "batch", prompts, length)
                : "";
        String tokens = GeneratorGraph.append(graph, onnxFile, config, condition, mask, arithmetic, progress);
        graph.namedNode(GeneratorGraph.TOKENS, "Identity", List.of(tokens), Map.of());
        Stage stage = config.tokens();
        graph.output(GeneratorGraph.TOKENS, OnnxType.FLOAT, "batch", stage.n(), stage.l(), stage.c());
        return graph;
    }
}
