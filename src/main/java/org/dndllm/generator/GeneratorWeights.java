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
 * Untrained weights with the distributions of the official code: convolutions and the bias of the layerwise one
 * U(-b, b) with b = 1 / sqrt(fan in) (PyTorch's default), stage biases U(-1/m, 1/m) with m their size, norms one and
 * zero, projections N(0, 1) with PyTorch's default bias. The numbers come from Java's SplittableRandom, not from
 * PyTorch's generator; they depend on the seed, the name and the row alone, hence on no JDK and on no order of reading.
 */
public final class GeneratorWeights implements WeightSource {
    private final Map<String, List<Long>> shapes;
    private final long seed;

    private GeneratorWeights(Map<String, List<Long>> shapes, long seed) {
        this.shapes = shapes;
        this.seed = seed;
    }

    /** Weights for a fresh generator of that configuration. */
    public static WeightSource random(GeneratorConfig config, long seed) {
        return new GeneratorWeights(config.weightShapes(), seed);
    }

    @Override
    public List<Long> shape(String name) {
        List<Long> shape = shapes.get(name);
        if (shape == null) {
            throw new InvalidInputException("<random weights>", name, "this configuration has no such weight");
        }
        return shape;
    }

    @Override
    public TensorView rows(String name, long from, long to) {
        List<Long> whole = shape(name);
        long rowSize = product(whole.subList(1, whole.size()));
        float[] values = new float[Math.toIntExact(Math.multiplyExact(to - from, rowSize))];
        for (long row = from; row < to; row++) {
            int start = Math.toIntExact((row - from) * rowSize);
            fill(name, whole, row, values, start, Math.toIntExact(rowSize));
        }
        List<Long> part = new ArrayList<>(whole);
        part.set(0, to - from);
        // The segment over a float[] is little-endian on every platform that ONNX Runtime has natives for.
        return new TensorView(name, DType.F32, part, MemorySegment.ofArray(values));
    }

    private void fill(String name, List<Long> shape, long row, float[] values, int start, int count) {
        if (name.contains(".norm.")) {
            Arrays.fill(values, start, start + count, name.endsWith(WeightNames.WEIGHT) ? 1f : 0f);
            return;
        }
        SplittableRandom random = new SplittableRandom(rowSeed(name, row));
        boolean projection = name.equals(WeightNames.DOWN + WeightNames.WEIGHT)
                || name.equals(WeightNames.GATE + WeightNames.WEIGHT);
        float bound = projection ? 1f : bound(name, shape);
        for (int i = start; i < start + count; i++) {
            values[i] = projection ? gaussian(random) : uniform(random, bound);
        }
    }

    private float bound(String name, List<Long> shape) {
        if (name.endsWith(".linear1.bias")) {
            return 1f / product(shape);
        }
        // A bias is drawn like the weight it belongs to.
        List<Long> weight =
                name.endsWith(WeightNames.BIAS) ? shape(name.replace(WeightNames.BIAS, WeightNames.WEIGHT)) : shape;
        return (float) (1 / Math.sqrt(product(weight.subList(1, weight.size()))));
    }

    private long rowSeed(String name, long row) {
        long hash = seed;
        for (int i = 0; i < name.length(); i++) {
            hash = new SplittableRandom(hash ^ name.charAt(i)).nextLong();
        }
        return new SplittableRandom(hash + row).nextLong();
    }

    /** U(-bound, bound) from the upper 24 bits, so that every value is exact in float before scaling. */
    private static float uniform(SplittableRandom random, float bound) {
        float unit = (random.nextLong() >>> 40) * 0x1p-24f;
        return (2 * unit - 1) * bound;
    }

    /** N(0, 1) by Box and Muller; StrictMath, because Math's logarithm may differ between machines. */
    private static float gaussian(SplittableRandom random) {
        double radius = ((random.nextLong() >>> 11) + 1) * 0x1p-53; // (0, 1]
        double angle = (random.nextLong() >>> 11) * 0x1p-53 * 2 * Math.PI;
        return (float) (StrictMath.sqrt(-2 * StrictMath.log(radius)) * StrictMath.cos(angle));
    }

    private static long product(List<Long> extents) {
        return extents.stream().reduce(1L, Math::multiplyExact);
    }
}
