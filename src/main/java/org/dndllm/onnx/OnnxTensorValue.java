package org.dndllm.onnx;

import java.util.Arrays;
import java.util.List;

/**
 * A tensor that enters or leaves a session: row-major values with their shape. Arrays are not copied; whoever made the
 * value must not change them while a session runs. Half-precision outputs arrive as floats; int32 and bool travel as
 * longs in both directions.
 */
public sealed interface OnnxTensorValue {
    /** Sizes of the dimensions; their product is the number of values. */
    List<Long> shape();

    /** Real numbers. */
    record Floats(float[] values, List<Long> shape) implements OnnxTensorValue {
        public Floats {
            shape = checked(values.length, shape);
        }
    }

    /** Integers: token ids, masks, indices. */
    record Longs(long[] values, List<Long> shape) implements OnnxTensorValue {
        public Longs {
            shape = checked(values.length, shape);
        }
    }

    /** Floats of that shape. */
    static OnnxTensorValue of(float[] values, long... shape) {
        return new Floats(values, boxed(shape));
    }

    /** Longs of that shape. */
    static OnnxTensorValue of(long[] values, long... shape) {
        return new Longs(values, boxed(shape));
    }

    /**
     * The values as floats.
     *
     * @throws IllegalStateException when this holds integers
     */
    default float[] floats() {
        return switch (this) {
            case Floats f -> f.values();
            case Longs l -> throw new IllegalStateException("tensor " + l.shape() + " holds integers, not floats");
        };
    }

    /**
     * The values as longs.
     *
     * @throws IllegalStateException when this holds floats
     */
    default long[] longs() {
        return switch (this) {
            case Longs l -> l.values();
            case Floats f -> throw new IllegalStateException("tensor " + f.shape() + " holds floats, not integers");
        };
    }

    private static List<Long> boxed(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    private static List<Long> checked(int length, List<Long> shape) {
        long product = 1;
        for (long dim : shape) {
            if (dim < 0) {
                throw new IllegalArgumentException("negative dimension in shape " + shape);
            }
            product = Math.multiplyExact(product, dim);
        }
        if (product != length) {
            throw new IllegalArgumentException("shape " + shape + " needs " + product + " values, got " + length);
        }
        return List.copyOf(shape);
    }
}
