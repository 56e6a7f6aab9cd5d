package org.dndllm.generator;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/** The compact family as an ONNX graph, in the order of the formulas of {@link CompactConfig}. */
final class CompactGraph {
    /** What a padding position's score loses: its share of the softmax underflows to exactly zero. */
    private static final float MASKED = 1e9f;

    private final CompactConfig config;
    private final OnnxGraph graph = new OnnxGraph("dnd-compact");
    private final GraphWeights weights;

    private CompactGraph(CompactConfig config, WeightSource source) {
        this.config = config;
        this.weights = new GraphWeights(graph, config, source);
    }

    static OnnxGraph build(CompactConfig config, WeightSource source) {
        CompactGraph builder = new CompactGraph(config, source);
        builder.assemble();
        return builder.graph;
    }

    private void assemble() {
        String condition = graph.input(
                GeneratorGraph.CONDITION,
                OnnxType.FLOAT,
                "batch",
                config.prompts(),
                config.textLength(),
                config.channels());
        String mask = graph.input(GeneratorGraph.MASK, OnnxType.FLOAT, "batch", config.prompts(), config.textLength());
        // [batch, P, H] to the first block's [batch, P, 1, H]
        String x = graph.node("Unsqueeze", reader(condition, mask), graph.longs("reader.plane", 2));
        List<Stage> stages = config.blockStages();
        for (int i = 0; i + 1 < stages.size(); i++) {
            String y = block(i, x);
            x = stages.get(i).equals(stages.get(i + 1)) ? graph.node("Add", x, y) : y;
        }
        String gained = graph.node("Mul", weights.widened(CompactNames.GAIN, 3), x); // [T, 1, 1] over [batch, T, R, W]
        graph.namedNode(GeneratorGraph.TOKENS, "Add", List.of(weights.whole(CompactNames.BASE), gained), Map.of());
        Stage tokens = config.tokens();
        graph.output(GeneratorGraph.TOKENS, OnnxType.FLOAT, "batch", tokens.n(), tokens.l(), tokens.c());
    }

    /** Every prompt's slots, read by attention over its real positions, then the mean over prompts: [batch, P, H]. */
    private String reader(String condition, String mask) {
        String x = normalized(condition, CompactNames.READER_NORM, -1); // [batch, N, L, C]
        String penalty = graph.node(
                "Mul", graph.node("Sub", mask, graph.scalar("reader.real", 1f)), graph.scalar("reader.masked", MASKED));
        String perSlot = graph.node("Unsqueeze", penalty, graph.longs("reader.slots", 2)); // [batch, N, 1, L]
        String query = weights.whole(CompactNames.QUERY);
        String scores = graph.node("MatMul", query, transposed(x, 0, 1, 3, 2)); // [batch, N, P, L]
        String a = graph.node("Softmax", List.of(graph.node("Add", scores, perSlot)), Map.of("axis", -1));
        String slots = graph.node("MatMul", a, x); // [batch, N, P, C]
        String value = transposed(weights.whole(CompactNames.VALUE + CompactNames.WEIGHT), 1, 0); // [C, H]
        String biased = graph.node(
                "Add",
                graph.node("MatMul", slots, value),
                weights.whole(CompactNames.VALUE + CompactNames.BIAS)); // [batch, N, P, H]
        String v = graph.node("Gelu", List.of(biased), Map.of("approximate", "none"));
        return graph.node("Cast", List.of(meanOverPrompts(v)), Map.of("to", OnnxType.FLOAT.code()));
    }

    /** In double: the blocks would enlarge what the order of the sum leaves in a float's last bits. */
    private String meanOverPrompts(String v) {
        String wide = graph.node("Cast", List.of(v), Map.of("to", OnnxType.DOUBLE.code()));
        return graph.node("ReduceMean", List.of(wide, graph.longs("reader.prompts", 1)), Map.of("keepdims", 0));
    }

    /** [batch, n, l, c] to [batch, n', l', c'], without the residual. */
    private String block(int i, String x) {
        String u = normalized(x, CompactNames.block(i, "norm"), -2);
        String sum = graph.node("Add", widthBranch(i, u), graph.node("Tanh", heightBranch(i, u)));
        String y = graph.node("Add", sum, weights.whole(CompactNames.block(i, "bias")));
        String mix = CompactNames.block(i, "mix");
        String bias = weights.whole(mix + CompactNames.BIAS);
        return graph.node("Conv", List.of(y, weights.widened(mix + CompactNames.WEIGHT, 4), bias), kernel(1)); // over n
    }

    /** c to c' beside the plane (l, n), then l to l' beside (n, c'). */
    private String widthBranch(int i, String u) {
        String clnPlanes = transposed(u, 0, 3, 2, 1); // [batch, c, l, n]
        String widened = separable(i, "width", 1, clnPlanes); // [batch, c', l, n]
        String lncPlanes = transposed(widened, 0, 2, 3, 1); // [batch, l, n, c']
        String heightened = separable(i, "width", 2, lncPlanes); // [batch, l', n, c']
        return transposed(heightened, 0, 2, 1, 3);
    }

    /** l to l' beside the plane (n, c), then c to c' beside (l', n). */
    private String heightBranch(int i, String u) {
        String lncPlanes = transposed(u, 0, 2, 1, 3); // [batch, l, n, c]
        String heightened = separable(i, "height", 1, lncPlanes); // [batch, l', n, c]
        String clnPlanes = transposed(heightened, 0, 3, 1, 2); // [batch, c, l', n]
        String widened = separable(i, "height", 2, clnPlanes); // [batch, c', l', n]
        return transposed(widened, 0, 3, 2, 1);
    }

    /** A k x k filter for each plane, then a map over the planes. */
    private String separable(int i, String branch, int step, String planes) {
        String depthwise = CompactNames.block(i, branch + ".depthwise" + step);
        String pointwise = CompactNames.block(i, branch + ".pointwise" + step);
        Map<String, Object> filters = kernel(config.kernel());
        filters.put("group", weights.shape(depthwise).getFirst());
        String filtered = graph.node("Conv", List.of(planes, weights.whole(depthwise)), filters);
        return graph.node("Conv", List.of(filtered, weights.widened(pointwise, 4)), kernel(1));
    }

    private static Map<String, Object> kernel(long side) {
        long pad = side / 2; // zeros, as many as keep the plane's size
        return new HashMap<>(Map.of("kernel_shape", new long[] {side, side}, "pads", new long[] {pad, pad, pad, pad}));
    }

    private String normalized(String x, String norm, int axis) {
        List<String> operands =
                List.of(x, weights.whole(norm + CompactNames.WEIGHT), weights.whole(norm + CompactNames.BIAS));
        return graph.node("LayerNormalization", operands, Map.of("axis", axis, "epsilon", GeneratorGraph.EPSILON));
    }

    private String transposed(String x, long... permutation) {
        return graph.node("Transpose", List.of(x), Map.of("perm", permutation));
    }
}
