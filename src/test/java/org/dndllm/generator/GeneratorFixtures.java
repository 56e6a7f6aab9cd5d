package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.format.TensorView;

/** Random weights and conditions, and how far two results are apart; for the graphs of both families. */
final class GeneratorFixtures {
    private GeneratorFixtures() {}

    /** Initial weights, but norms, biases and gains moved so that none of them can be forgotten unnoticed. */
    static Map<String, TensorView> moved(GeneratorConfig config, WeightSource source, long seed) {
        Random random = new Random(seed);
        Map<String, TensorView> weights = new LinkedHashMap<>();
        config.weightShapes().forEach((name, shape) -> {
            float[] values = source.rows(name, 0, shape.get(0)).toFloats();
            boolean small = name.contains("norm") || name.endsWith("bias") || name.startsWith("tokens.");
            for (int i = 0; i < values.length; i++) {
                values[i] = small ? values[i] + 0.3f * (float) random.nextGaussian() : 2 * values[i];
            }
            weights.put(name, TensorView.ofFloats(name, shape, values));
        });
        return weights;
    }

    static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Largest deviation over the root mean square of what is expected. */
    static double relativeError(float[] found, double[] expected) {
        assertThat(found).hasSize(expected.length);
        double largest = 0;
        double square = 0;
        List<Integer> notFinite = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            if (!Float.isFinite(found[i])) {
                notFinite.add(i);
            }
            largest = Math.max(largest, Math.abs(found[i] - expected[i]));
            square += expected[i] * expected[i] / found.length;
        }
        assertThat(notFinite).isEmpty();
        return largest / Math.sqrt(square);
    }

    static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
