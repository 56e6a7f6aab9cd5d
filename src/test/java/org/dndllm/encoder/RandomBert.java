package org.dndllm.encoder;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.dndllm.format.TensorView;

/** Random weights of a given shape, large enough that every part of the network matters. */
final class RandomBert {
    private RandomBert() {}

    static Map<String, float[]> weights(BertConfig config, SplittableRandom random) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        config.tensorShapes().forEach((name, shape) -> {
            float[] values =
                    new float[(int) shape.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact)];
            float centre = name.endsWith("LayerNorm.weight") ? 1 : 0;
            for (int i = 0; i < values.length; i++) {
                values[i] = centre + (float) (random.nextGaussian() * 0.3);
            }
            weights.put(name, values);
        });
        return weights;
    }

    static Map<String, TensorView> views(BertConfig config, Map<String, float[]> weights) {
        Map<String, TensorView> views = new LinkedHashMap<>();
        config.tensorShapes()
                .forEach((name, shape) -> views.put(name, TensorView.ofFloats(name, shape, weights.get(name))));
        return views;
    }
}
