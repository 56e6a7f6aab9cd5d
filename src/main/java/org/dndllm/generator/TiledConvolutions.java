package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.dndllm.onnx.ChannelBlocks;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * Convolutions for one machine's processor, batch 1: filters lie as ONNX Runtime's blocked kernels read them, and all but
 * the largest are computed on tiles of 3 x 3 outputs, with about a third of the products ({@link TileTransform}).
 *
 * <p>A filter is cut into pieces of 3 x 3 taps. Since a tile has as many outputs as a piece has taps, piece (a, b) reads for
 * tile (s, t) just the input tile (s + a, t + b). So the 25 values of all tiles are 25 small images, and the sum over pieces
 * and input channels is a convolution of each with pieces as taps: one grouped Conv, at the speed that Conv has.
 *
 * <p>Values of a 9 x 9 filter take 2.8 times the memory of its taps. That is paid where planes are large and filters are
 * not; the last layers, which hold most of the weights, stay whole.
 */
final class TiledConvolutions implements PlaneConvolutions {
    /** Filters of more taps stay whole: 256 MiB. */
    private static final long MOST_TILED = 64L << 20;

    /** A constant of more bytes is split; ONNX Runtime's limit is 2 GiB. */
    private static final long MAX_WEIGHT_BYTES = 1536L << 20;

    private static final int SIDE = TileTransform.SIDE;
    private static final int POINTS = TileTransform.POINTS;

    private final OnnxGraph graph;
    private final GraphWeights weights;
    private final int kernel;
    private final ChannelBlocks blocks;
    private final long mostTiled;
    private final LongConsumer progress;
    private final WholeConvolutions plain;
    private String inputTransform = "";
    private String outputTransform = "";

    private TiledConvolutions(
            OnnxGraph graph,
            GraphWeights weights,
            int kernel,
            ChannelBlocks blocks,
            long mostTiled,
            LongConsumer progress) {
        this.graph = graph;
        this.weights = weights;
        this.kernel = kernel;
        this.blocks = blocks;
        this.mostTiled = mostTiled;
        this.progress = progress;
        this.plain = new WholeConvolutions(graph, weights, kernel);
    }

    /** @param progress told the bytes of filters as they are written */
    static Form of(ChannelBlocks blocks, LongConsumer progress) {
        return of(blocks, MOST_TILED, progress);
    }

    /** @param mostTiled filters of more taps stay whole */
    static Form of(ChannelBlocks blocks, long mostTiled, LongConsumer progress) {
        return (graph, weights, kernel) -> new TiledConvolutions(graph, weights, kernel, blocks, mostTiled, progress);
    }

    @Override
    public String convolve(String x, String name, boolean biased, long height, long width) {
        List<Long> shape = weights.shape(name + WeightNames.WEIGHT);
        String y =
                GraphWeights.product(shape) > mostTiled ? whole(x, name, height, width) : tiled(x, name, height, width);
        return biased ? graph.node("Add", y, weights.shaped(name + WeightNames.BIAS, shape.get(0), 1, 1)) : y;
    }

    /** In parts of whole blocks of outputs. Inputs that fill no blocks have small filters, which need none. */
    private String whole(String x, String name, long height, long width) {
        List<Long> shape = weights.shape(name + WeightNames.WEIGHT);
        if (shape.get(1) % blocks.block() != 0) {
            return plain.convolve(x, name, false, height, width);
        }
        long outputs = shape.get(0);
        long outputBytes = GraphWeights.product(shape.subList(1, 4)) * Float.BYTES;
        long step = Math.max(blocks.block(), MAX_WEIGHT_BYTES / outputBytes / blocks.block() * blocks.block());
        long before = (kernel - 1) / 2;
        long after = kernel - 1 - before;
        List<String> parts = new ArrayList<>();
        for (long from = 0; from < outputs; from += step) {
            long to = Math.min(outputs, from + step);
            BlockedFilters filters = new BlockedFilters(weights, name + WeightNames.WEIGHT, from, to, blocks, false);
            parts.add(
                    conv(x, filters, filterName(name, from, to), new long[] {before, before, after, after}, to - from));
        }
        return parts.size() == 1 ? parts.get(0) : graph.node("Concat", parts, Map.of("axis", 1));
    }

    private String tiled(String x, String name, long height, long width) {
        List<Long> shape = weights.shape(name + WeightNames.WEIGHT);
        long outputs = shape.get(0);
        BlockedFilters filters = new BlockedFilters(weights, name + WeightNames.WEIGHT, 0, outputs, blocks, true);
        long rows = Math.ceilDiv(height, (long) SIDE);
        long columns = Math.ceilDiv(width, (long) SIDE);
        String values = inputValues(x, name, filters, rows, columns, height, width);
        String products =
                conv(values, filters, filterName(name, 0, outputs), new long[4], filters.groups() * filters.outputs());
        return outputs(products, name, filters.outputs(), rows, columns, height, width);
    }

    /** x [1, I, H, W] to the values of its tiles, [1, 25 * I, rows + s - 1, columns + s - 1]. */
    private String inputValues(
            String x, String name, BlockedFilters filters, long rows, long columns, long height, long width) {
        long inputs = filters.inputs();
        long tileRows = rows + filters.side() - 1;
        long tileColumns = columns + filters.side() - 1;
        long paddedHeight = SIDE * (tileRows - 1) + POINTS;
        long paddedWidth = SIDE * (tileColumns - 1) + POINTS;
        long before = (kernel - 1) / 2;
        String pads = graph.longs(
                name + ".pads",
                0,
                0,
                before,
                before,
                0,
                inputs - weights.shape(name + WeightNames.WEIGHT).get(1),
                paddedHeight - height - before,
                paddedWidth - width - before);
        String planes = reshaped(graph.node("Pad", x, pads), name + ".planes", inputs, 1, paddedHeight, paddedWidth);
        String values = graph.node(
                "Conv",
                List.of(planes, inputTransform()),
                Map.of("kernel_shape", new long[] {POINTS, POINTS}, "strides", new long[] {SIDE, SIDE}));
        String byPoint = graph.node("Transpose", List.of(values), Map.of("perm", new long[] {1, 0, 2, 3}));
        return reshaped(byPoint, name + ".values", 1, POINTS * POINTS * inputs, tileRows, tileColumns);
    }

    /** Products [1, 25 * O, rows, columns] to [1, O, H, W]. */
    private String outputs(
            String products, String name, long padded, long rows, long columns, long height, long width) {
        String byPoint = reshaped(products, name + ".points", POINTS * POINTS, padded, rows, columns);
        String byOutput = graph.node("Transpose", List.of(byPoint), Map.of("perm", new long[] {1, 0, 2, 3}));
        String tiles =
                graph.node("Conv", List.of(byOutput, outputTransform()), Map.of("kernel_shape", new long[] {1, 1}));
        String planes = graph.node("DepthToSpace", List.of(tiles), Map.of("blocksize", SIDE, "mode", "CRD"));
        String image = reshaped(planes, name + ".image", 1, padded, SIDE * rows, SIDE * columns);
        return graph.node(
                "Slice",
                image,
                graph.longs(name + ".starts", 0, 0, 0),
                graph.longs(
                        name + ".ends", weights.shape(name + WeightNames.WEIGHT).get(0), height, width),
                graph.longs(name + ".axes", 1, 2, 3));
    }

    /** The convolution itself; where the processor has no blocked kernels, the plain operator. */
    private String conv(String x, BlockedFilters filters, String filterName, long[] pads, long outputs) {
        String filter = graph.initializer(
                filterName,
                OnnxType.FLOAT,
                filters.shape(),
                sink -> filters.writeTo(bytes -> {
                    sink.put(bytes);
                    progress.accept(bytes.byteSize());
                }));
        Map<String, ?> attributes = Map.of(
                "kernel_shape", new long[] {filters.side(), filters.side()}, "pads", pads, "group", filters.groups());
        if (blocks.equals(ChannelBlocks.NONE)) {
            return graph.node("Conv", List.of(x, filter), attributes);
        }
        String blocked = graph.foreignNode(ChannelBlocks.DOMAIN, "ReorderInput", List.of(x), Map.of());
        String y = graph.foreignNode(ChannelBlocks.DOMAIN, "Conv", List.of(blocked, filter), attributes);
        return graph.foreignNode(ChannelBlocks.DOMAIN, "ReorderOutput", List.of(y), Map.of("channels", outputs));
    }

    private static String filterName(String name, long from, long to) {
        return name + WeightNames.WEIGHT + "[" + from + ":" + to + "]";
    }

    private String reshaped(String x, String shapeName, long... shape) {
        return graph.node("Reshape", x, graph.longs(shapeName, shape));
    }

    /** [25, 1, 5, 5]: value (p, q) of a tile. */
    private String inputTransform() {
        if (inputTransform.isEmpty()) {
            float[] values = new float[POINTS * POINTS * POINTS * POINTS];
            int at = 0;
            for (double[] vertical : TileTransform.INPUT) {
                for (double[] horizontal : TileTransform.INPUT) {
                    for (double v : vertical) {
                        for (double h : horizontal) {
                            values[at++] = (float) (v * h);
                        }
                    }
                }
            }
            inputTransform = constant("tile.input", values, POINTS * POINTS, 1, POINTS, POINTS);
        }
        return inputTransform;
    }

    /** [9, 25, 1, 1]: output (i, j) of a tile. */
    private String outputTransform() {
        if (outputTransform.isEmpty()) {
            float[] values = new float[SIDE * SIDE * POINTS * POINTS];
            int at = 0;
            for (int i = 0; i < SIDE; i++) {
                for (int j = 0; j < SIDE; j++) {
                    for (double[] vertical : TileTransform.OUTPUT) {
                        for (double[] horizontal : TileTransform.OUTPUT) {
                            values[at++] = (float) (vertical[i] * horizontal[j]);
                        }
                    }
                }
            }
            outputTransform = constant("tile.output", values, SIDE * SIDE, POINTS * POINTS, 1, 1);
        }
        return outputTransform;
    }

    private String constant(String name, float[] values, long... shape) {
        return graph.initializer(
                name,
                OnnxType.FLOAT,
                Arrays.stream(shape).boxed().toList(),
                sink -> sink.put(MemorySegment.ofArray(values)));
    }
}
