package org.dndllm.generator;

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
    private final PaperConfig config;
    private final OnnxGraph graph = new OnnxGraph("dnd-hyperconv");
    private final GraphWeights weights;
    private final PlaneConvolutions convolutions;

    private HyperConvGraph(PaperConfig config, WeightSource source, PlaneConvolutions.Form form) {
        this.config = config;
        this.weights = new GraphWeights(graph, config, source);
        this.convolutions = form.in(graph, weights, config.kernel());
    }

    /** The graph that every machine and provider runs: convolutions as they stand in the paper. */
    static OnnxGraph build(PaperConfig config, WeightSource source) {
        return build(config, source, WholeConvolutions::new);
    }

    static OnnxGraph build(PaperConfig config, WeightSource source, PlaneConvolutions.Form form) {
        HyperConvGraph builder = new HyperConvGraph(config, source, form);
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
            Stage in = config.stages().get(i);
            Stage out = config.stages().get(i + 1);
            // N to N' over the plane (L', C')
            String y = convolutions.convolve(hyperConv(i, x), WeightNames.layerwise(i), true, out.l(), out.c());
            // A residual wherever shapes allow; no official configuration has two equal neighbours.
            x = in.equals(out) ? graph.node("Add", x, y) : y;
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
        Stage in = config.stages().get(i);
        Stage out = config.stages().get(i + 1);
        String clnPlanes = transposed(x, 0, 3, 2, 1); // [batch, C, L, N]
        String widened = convolutions.convolve(clnPlanes, WeightNames.hyper(i, "conv1w"), false, in.l(), in.n());
        String lncPlanes = transposed(widened, 0, 2, 3, 1); // [batch, L, N, C']
        String both = convolutions.convolve(lncPlanes, WeightNames.hyper(i, "conv1h"), false, in.n(), out.c());
        return transposed(both, 0, 2, 1, 3); // [batch, N, L', C']
    }

    /** L to L' over the plane (N, C), then C to C' over (L', N), then tanh, which this branch alone has. */
    private String heightBranch(int i, String x) {
        Stage in = config.stages().get(i);
        Stage out = config.stages().get(i + 1);
        String lncPlanes = transposed(x, 0, 2, 1, 3); // [batch, L, N, C]
        String heightened = convolutions.convolve(lncPlanes, WeightNames.hyper(i, "conv2h"), false, in.n(), in.c());
        String clnPlanes = transposed(heightened, 0, 3, 1, 2); // [batch, C, L', N]
        String both = convolutions.convolve(clnPlanes, WeightNames.hyper(i, "conv2w"), false, out.l(), in.n());
        return graph.node("Tanh", transposed(both, 0, 3, 2, 1)); // [batch, N, L', C']
    }

    private String transposed(String x, long... permutation) {
        return graph.node("Transpose", List.of(x), Map.of("perm", permutation));
    }

    private String weight(String name) {
        return weights.whole(name);
    }
}
