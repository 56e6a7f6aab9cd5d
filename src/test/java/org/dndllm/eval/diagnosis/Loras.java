package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.format.DType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/** Small seeded adapters, some of them broken. */
final class Loras {
    static final BaseShape SHAPE = new BaseShape("qwen2", 2, 64, 4, 2, 16, 96, 320, true);

    private static final int RANK = 4;

    private Loras() {}

    static LoraWeights random(long seed) {
        return random(SHAPE, seed);
    }

    static LoraWeights random(BaseShape shape, long seed) {
        Random random = new Random(seed);
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                pairs.add(new LoraTensor(
                        layer,
                        module,
                        normal(random, RANK * shape.in(module), 0.05),
                        normal(random, shape.out(module) * RANK, 0.02)));
            }
        }
        return LoraWeights.of(shape, RANK, 8, DType.F32, pairs);
    }

    /** A as it is, B all zeros: what an untrained PEFT adapter is. */
    static LoraWeights zeroed(LoraWeights weights) {
        List<LoraTensor> pairs = weights.tensors().stream()
                .map(pair -> new LoraTensor(pair.layer(), pair.module(), pair.a(), new float[pair.b().length]))
                .toList();
        return LoraWeights.of(weights.shape(), weights.rank(), weights.alpha(), weights.dtype(), pairs);
    }

    static LoraWeights negated(LoraWeights weights) {
        return weights.withAlpha(-weights.alpha());
    }

    private static float[] normal(Random random, int n, double spread) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextGaussian() * spread);
        }
        return values;
    }
}
