package org.dndllm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.format.DType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/** An adapter with random weights in every module of every layer, for measurements. */
final class RandomAdapter {
    private static final float SPREAD = 0.02f;

    private RandomAdapter() {}

    static LoraWeights of(BaseShape shape, int rank, DType dtype, long seed) {
        return of(shape, rank, dtype, seed, SPREAD);
    }

    /** @param spread largest weight */
    static LoraWeights of(BaseShape shape, int rank, DType dtype, long seed, float spread) {
        Random random = new Random(seed);
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        values(random, rank * shape.in(module), spread),
                        values(random, rank * shape.out(module), spread)));
            }
        }
        return LoraWeights.of(shape, rank, 2f * rank, dtype, tensors);
    }

    private static float[] values(Random random, int count, float spread) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() - 0.5f) * 2 * spread;
        }
        return values;
    }
}
