package org.dndllm.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * The paper's decoder as an ONNX graph: condition [batch, N, L, C] to tokens [batch, T, R, W]. All quirks of the official code are kept, since trained weights rely on them.
 *
 * <p>Source: arXiv 2506.16406 §3.3; official code, commit 60e2192, {@code module/hyperconv.py} and
 * {@code model/decoderonly.py}.
 */
final class HyperConvGraph {
    /** ONNX Runtime embeds at most 2 GiB per constant when it lays weights out anew; we stay well below. */
    private static final long MAX_WEIGHT_BYTES = 1536L << 20;

    private final PaperConfig config;
    private final long maxWeightBytes;
    private final OnnxGraph graph = new OnnxGraph("dnd-hyperconv");
    private final GraphWeights weights;

    private HyperConvGraph(PaperConfig config, WeightSource source, long maxWeightBytes) {
        this.config = config;
        this.maxWeightBytes = maxWeightBytes;
        this.weights = new GraphWeights(graph, config, source);
    }

    static OnnxGraph build(PaperConfig config, WeightSource source) {
        return build(config, source, MAX_WEIGHT_BYTES);
    }

    static OnnxGraph build(PaperConfig config, WeightSource source, long maxWeightBytes) {
        HyperConvGraph builder = new HyperConvGraph(config, source, maxWeightBytes);
        builder.assemble();
        return builder.graph;
    }

    private void assemble() {
        // x: [batch, N, L, C]
        String x = graph.input(
                GeneratorGraph.CONDITION,
                OnnxType.FLOAT,
                "batch",
                config.prompts(),
                config.textLength(),
                config.channels());
        if (config.projection().isPresent()) {
            x = projected(x);
        }
        for (int i = 0; i + 1 < config.stages().size(); i++) {
            String y = layerwise(i, hyperConv(i, x));
            // A residual wherever shapes allow; no official configuration has two equal neighbours.
            x = config.stages().get(i).equals(config.stages().get(i + 1)) ? graph.node("Add", x, y) : y;
        }
        Stage tokens = config.tokens();
        graph.namedNode(GeneratorGraph.TOKENS, "Identity", List.of(x), Map.of());
        graph.output(GeneratorGraph.TOKENS, OnnxType.FLOAT, "batch", tokens.n(), tokens.l(), tokens.c());
    }

    /** [batch, N, textLength, C] read as rows of textLength values, two linear layers, read back as [batch, N, L, C]. */
    private String projected(String x) {
        Stage first = config.stages().get(0);
        String rows = graph.node("Reshape", x, graph.longs("projection.rows", -1, config.textLength()));
        String down = linear(rows, WeightNames.DOWN);
        String gate = linear(down, WeightNames.GATE);
        String shape = graph.longs("projection.shape", -1, first.n(), first.l(), first.c());
        return graph.node("Reshape", gate, shape);
    }

    private String linear(String x, String name) {
        List<String> operands = List.of(x, weight(name + WeightNames.WEIGHT), weight(name + WeightNames.BIAS));
        return graph.node("Gemm", operands, Map.of("transB", 1)); // transB: PyTorch stores [out, in]
    }

    /** (width branch + tanh(height branch) + bias) / 3; [batch, N, L, C] to [batch, N, L', C']. */
    private String hyperConv(int i, String input) {
        String norm = WeightNames.hyper(i, "norm");
        String x = graph.node(
                "LayerNormalization",
                List.of(input, weight(norm + WeightNames.WEIGHT), weight(norm + WeightNames.BIAS)),
                Map.of("axis", -2, "epsilon", GeneratorGraph.EPSILON));
        String sum = graph.node("Add", widthBranch(i, x), heightBranch(i, x));
        String biased = graph.node("Add", sum, weight(WeightNames.hyperBias(i)));
        String three = i == 0 ? graph.scalar("three", 3f) : "three";
        return graph.node("Div", biased, three);
    }

    /** C to C' over the plane (L, N), then L to L' over (N, C'). */
    private String widthBranch(int i, String x) {
        String clnPlanes = transposed(x, 0, 3, 2, 1); // [batch, C, L, N]
        String widened = conv(clnPlanes, WeightNames.hyper(i, "conv1w"));
        String lncPlanes = transposed(widened, 0, 2, 3, 1); // [batch, L, N, C']
        return transposed(conv(lncPlanes, WeightNames.hyper(i, "conv1h")), 0, 2, 1, 3); // [batch, N, L', C']
    }

    /** L to L' over the plane (N, C), then C to C' over (L', N), then tanh, which this branch alone has. */
    private String heightBranch(int i, String x) {
        String lncPlanes = transposed(x, 0, 2, 1, 3); // [batch, L, N, C]
        String heightened = conv(lncPlanes, WeightNames.hyper(i, "conv2h"));
        String clnPlanes = transposed(heightened, 0, 3, 1, 2); // [batch, C, L', N]
        String widened = conv(clnPlanes, WeightNames.hyper(i, "conv2w"));
        return graph.node("Tanh", transposed(widened, 0, 3, 2, 1)); // [batch, N, L', C']
    }

    /** N to N' over the plane (L', C') with bias, in as many parts as the size of its weight asks for. */
    private String layerwise(int i, String x) {
        String name = WeightNames.layerwise(i);
        List<Long> shape = weights.shape(name + WeightNames.WEIGHT);
        long rowBytes = GraphWeights.product(shape.subList(1, 4)) * Float.BYTES;
        long outputs = shape.get(0);
        long parts = Math.min(outputs, Math.ceilDiv(outputs * rowBytes, maxWeightBytes));
        List<String> results = new ArrayList<>();
        for (long part = 0; part < parts; part++) {
            long from = outputs * part / parts;
            long to = outputs * (part + 1) / parts;
            String weight = weights.rows(name + WeightNames.WEIGHT, from, to);
            String bias = weights.rows(name + WeightNames.BIAS, from, to);
            results.add(graph.node("Conv", List.of(x, weight, bias), convAttributes()));
        }
        return results.size() == 1 ? results.get(0) : graph.node("Concat", results, Map.of("axis", 1));
    }

    private String conv(String x, String name) {
        return graph.node("Conv", List.of(x, weight(name + WeightNames.WEIGHT)), convAttributes());
    }

    /** PyTorch's padding "same": of an odd remainder (even kernel) the greater part goes to the end. */
    private Map<String, ?> convAttributes() {
        long kernel = config.kernel();
        long before = (kernel - 1) / 2;
        long after = kernel - 1 - before;
        return Map.of("kernel_shape", new long[] {kernel, kernel}, "pads", new long[] {before, before, after, after});
    }

    private String transposed(String x, long... permutation) {
        return graph.node("Transpose", List.of(x), Map.of("perm", permutation));
    }

    private String weight(String name) {
        return weights.whole(name);
    }
}
