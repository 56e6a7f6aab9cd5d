package org.dndllm.generator;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.dndllm.onnx.ChannelBlocks;
import org.dndllm.onnx.InitializerSource;

/**
 * Filters [O, I, k, k] in the order in which ONNX Runtime's blocked convolution reads them: for every group [O/B, I/B, s,
 * s, B inputs, B outputs], channels that do not exist being zero. The groups are one, the filters as they are, or 25, the
 * points of {@link TileTransform}. Memory stays at one block of outputs: a group reads all filters again.
 */
final class BlockedFilters implements InitializerSource {
    private static final int SIDE = TileTransform.SIDE;

    private final GraphWeights weights;
    private final String name;
    private final long from;
    private final long to;
    private final ChannelBlocks blocks;
    private final boolean tiled;

    /** Filters of the outputs {@code from} to {@code to}. */
    BlockedFilters(GraphWeights weights, String name, long from, long to, ChannelBlocks blocks, boolean tiled) {
        this.weights = weights;
        this.name = name;
        this.from = from;
        this.to = to;
        this.blocks = blocks;
        this.tiled = tiled;
    }

    private int kernel() {
        return Math.toIntExact(weights.shape(name).get(2));
    }

    /** Side of the filters as they are written, s: in tiles, or in taps. */
    int side() {
        return tiled ? Math.ceilDiv(kernel(), SIDE) : kernel();
    }

    int groups() {
        return tiled ? TileTransform.POINTS * TileTransform.POINTS : 1;
    }

    /** Outputs of a group, with the padding. */
    long outputs() {
        return blocks.padded(to - from);
    }

    /** Inputs of a group, with the padding. */
    long inputs() {
        return blocks.padded(weights.shape(name).get(1));
    }

    List<Long> shape() {
        return List.of(groups() * outputs(), inputs(), (long) side(), (long) side());
    }

    @Override
    public void writeTo(Sink sink) throws IOException {
        int block = blocks.block();
        float[] piece = new float[Math.toIntExact(block * inputs() * side() * side())];
        for (int group = 0; group < groups(); group++) {
            for (long row = from; row < to; row += block) {
                int rows = (int) Math.min(block, to - row);
                fill(piece, weights.floats(name, row, row + rows), rows, group);
                sink.put(MemorySegment.ofArray(piece));
            }
        }
    }

    /** One block of outputs: piece is [I/B, s, s, B inputs, B outputs], filters [rows, I, k, k]. */
    private void fill(float[] piece, float[] filters, int rows, int group) {
        int block = blocks.block();
        int taps = kernel() * kernel();
        int area = side() * side();
        int inputs = filters.length / rows / taps;
        Arrays.fill(piece, 0);
        float[] values = new float[area];
        for (int row = 0; row < rows; row++) {
            for (int input = 0; input < inputs; input++) {
                values(filters, (row * inputs + input) * taps, group, values);
                int at = input / block * area * block * block + input % block * block + row;
                for (int tap = 0; tap < area; tap++) {
                    piece[at + tap * block * block] = values[tap];
                }
            }
        }
    }

    /** One filter's taps, or the values of each of its 3 x 3 pieces at the group's point. */
    private void values(float[] filters, int at, int group, float[] values) {
        if (!tiled) {
            System.arraycopy(filters, at, values, 0, values.length);
            return;
        }
        double[] vertical = TileTransform.FILTER[group / TileTransform.POINTS];
        double[] horizontal = TileTransform.FILTER[group % TileTransform.POINTS];
        int kernel = kernel();
        int side = side();
        for (int pieceRow = 0; pieceRow < side; pieceRow++) {
            for (int pieceColumn = 0; pieceColumn < side; pieceColumn++) {
                double sum = 0;
                for (int i = pieceRow * SIDE; i < Math.min(kernel, (pieceRow + 1) * SIDE); i++) {
                    double inRow = 0;
                    for (int j = pieceColumn * SIDE; j < Math.min(kernel, (pieceColumn + 1) * SIDE); j++) {
                        inRow += horizontal[j - pieceColumn * SIDE] * filters[at + i * kernel + j];
                    }
                    sum += vertical[i - pieceRow * SIDE] * inRow;
                }
                values[pieceRow * side + pieceColumn] = (float) sum;
            }
        }
    }
}
