package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;

/**
 * Random weights row by row: what is drawn depends on the seed, the name and the row alone, hence on no JDK, on no order
 * of reading and on no other weight.
 */
abstract sealed class SeededWeights implements WeightSource permits PaperWeights, CompactWeights {
    private final Map<String, List<Long>> shapes;
    private final long seed;

    SeededWeights(Map<String, List<Long>> shapes, long seed) {
        this.shapes = shapes;
        this.seed = seed;
    }

    /** One row of a weight, to be filled. */
    record Row(String name, List<Long> shape, long index, float[] values, int start, int count) {
        void fill(float value) {
            Arrays.fill(values, start, start + count, value);
        }

        void uniform(SplittableRandom random, float bound) {
            for (int i = start; i < start + count; i++) {
                // The upper 24 bits, so that every value is exact in float before scaling.
                float unit = (random.nextLong() >>> 40) * 0x1p-24f;
                values[i] = (2 * unit - 1) * bound;
            }
        }

        /** N(0, deviation^2) by Box and Muller; StrictMath, because Math's logarithm may differ between machines. */
        void gaussian(SplittableRandom random, float deviation) {
            for (int i = start; i < start + count; i++) {
                double radius = ((random.nextLong() >>> 11) + 1) * 0x1p-53; // (0, 1]
                double angle = (random.nextLong() >>> 11) * 0x1p-53 * 2 * Math.PI;
                float normal = (float) (StrictMath.sqrt(-2 * StrictMath.log(radius)) * StrictMath.cos(angle));
                values[i] = normal * deviation;
            }
        }
    }

    /** Fills one row; {@code random} is seeded for it. */
    abstract void fill(Row row, SplittableRandom random);

    @Override
    public final List<Long> shape(String name) {
        List<Long> shape = shapes.get(name);
        if (shape == null) {
            throw new InvalidInputException("<random weights>", name, "this configuration has no such weight");
        }
        return shape;
    }

    @Override
    public final TensorView rows(String name, long from, long to) {
        List<Long> whole = shape(name);
        int rowSize = Math.toIntExact(product(whole.subList(1, whole.size())));
        float[] values = new float[Math.toIntExact(Math.multiplyExact(to - from, rowSize))];
        for (long row = from; row < to; row++) {
            int start = Math.toIntExact((row - from) * rowSize);
            fill(new Row(name, whole, row, values, start, rowSize), new SplittableRandom(rowSeed(name, row)));
        }
        List<Long> part = new ArrayList<>(whole);
        part.set(0, to - from);
        // The segment over a float[] is little-endian on every platform that ONNX Runtime has natives for.
        return new TensorView(name, DType.F32, part, MemorySegment.ofArray(values));
    }

    /** U(-b, b) with b = 1 / sqrt(fan in) is PyTorch's default for linear and convolution layers. */
    static float boundOfFanIn(List<Long> weight) {
        return (float) (1 / Math.sqrt(product(weight.subList(1, weight.size()))));
    }

    static long product(List<Long> extents) {
        return extents.stream().reduce(1L, Math::multiplyExact);
    }

    private long rowSeed(String name, long row) {
        long hash = seed;
        for (int i = 0; i < name.length(); i++) {
            hash = new SplittableRandom(hash ^ name.charAt(i)).nextLong();
        }
        return new SplittableRandom(hash + row).nextLong();
    }
}
