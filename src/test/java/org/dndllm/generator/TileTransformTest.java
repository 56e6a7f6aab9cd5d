package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TileTransformTest {
    @Test
    void transforms_anyTile_giveTheCorrelation() {
        // given
        long seed = 9;
        Random random = new Random(seed);
        double[] taps = random.doubles(3, -1, 1).toArray();
        double[] inputs = random.doubles(5, -1, 1).toArray();
        // when
        double[] outputs = new double[3];
        for (int point = 0; point < TileTransform.POINTS; point++) {
            double product = dot(TileTransform.FILTER[point], taps) * dot(TileTransform.INPUT[point], inputs);
            for (int i = 0; i < 3; i++) {
                outputs[i] += TileTransform.OUTPUT[point][i] * product;
            }
        }
        // then
        for (int i = 0; i < 3; i++) {
            double expected = taps[0] * inputs[i] + taps[1] * inputs[i + 1] + taps[2] * inputs[i + 2];
            assertThat(outputs[i]).as("output %d, seed %d", i, seed).isCloseTo(expected, within(1e-14));
        }
    }

    /** Rounding grows with the sizes of the coefficients, so these stay near 1. */
    @Test
    void transforms_coefficients_areBalanced() {
        for (int point = 0; point < TileTransform.POINTS; point++) {
            double ratio = largest(TileTransform.FILTER[point]) / largest(TileTransform.INPUT[point]);
            assertThat(ratio).as("point %d", point).isBetween(0.2, 5.0);
        }
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
