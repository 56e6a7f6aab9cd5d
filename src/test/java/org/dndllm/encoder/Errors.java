package org.dndllm.encoder;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.dndllm.format.TensorView;

/** Distances between tensors. */
final class Errors {
    private Errors() {}

    /** Largest difference over the largest magnitude of the expected values. */
    static double relative(float[] actual, int from, double[] expected) {
        double worst = 0;
        double scale = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[from + i] - expected[i]));
            scale = Math.max(scale, Math.abs(expected[i]));
            if (Float.isNaN(actual[from + i])) {
                return Double.POSITIVE_INFINITY;
            }
        }
        return scale == 0 ? worst : worst / scale;
    }

    static double relative(float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            return Double.POSITIVE_INFINITY;
        }
        double[] wide = new double[expected.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = expected[i];
        }
        return relative(actual, 0, wide);
    }

    static long[] longs(TensorView tensor) {
        return tensor.data().toArray(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN));
    }
}
