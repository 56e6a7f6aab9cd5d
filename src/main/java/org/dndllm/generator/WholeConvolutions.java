package org.dndllm.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.onnx.OnnxGraph;

/** One Conv for each convolution, or a few beside each other where its weight is very large. */
final class WholeConvolutions implements PlaneConvolutions {
    /** ONNX Runtime embeds at most 2 GiB per constant when it lays weights out anew; we stay well below. */
    private static final long MAX_WEIGHT_BYTES = 1536L << 20;

    private final OnnxGraph graph;
    private final GraphWeights weights;
    private final int kernel;
    private final long maxWeightBytes;

    WholeConvolutions(OnnxGraph graph, GraphWeights weights, int kernel) {
        this(graph, weights, kernel, MAX_WEIGHT_BYTES);
    }

    WholeConvolutions(OnnxGraph graph, GraphWeights weights, int kernel, long maxWeightBytes) {
        this.graph = graph;
        this.weights = weights;
        this.kernel = kernel;
        this.maxWeightBytes = maxWeightBytes;
    }

    /** In as many parts, by outputs, as the size of the weight asks for. */
    @Override
    public String convolve(String x, String name, boolean biased, long height, long width) {
        List<Long> shape = weights.shape(name + WeightNames.WEIGHT);
        long rowBytes = GraphWeights.product(shape.subList(1, 4)) * Float.BYTES;
        long outputs = shape.get(0);
        long parts = Math.min(outputs, Math.ceilDiv(outputs * rowBytes, maxWeightBytes));
        List<String> results = new ArrayList<>();
        for (long part = 0; part < parts; part++) {
            long from = outputs * part / parts;
            long to = outputs * (part + 1) / parts;
            List<String> operands = new ArrayList<>(List.of(x, weights.rows(name + WeightNames.WEIGHT, from, to)));
            if (biased) {
                operands.add(weights.rows(name + WeightNames.BIAS, from, to));
            }
            results.add(graph.node("Conv", operands, attributes()));
        }
        return results.size() == 1 ? results.get(0) : graph.node("Concat", results, Map.of("axis", 1));
    }

    /** Of an odd remainder (even kernel) the greater part goes to the end. */
    private Map<String, ?> attributes() {
        long before = (kernel - 1) / 2;
        long after = kernel - 1 - before;
        return Map.of("kernel_shape", new long[] {kernel, kernel}, "pads", new long[] {before, before, after, after});
    }
}
