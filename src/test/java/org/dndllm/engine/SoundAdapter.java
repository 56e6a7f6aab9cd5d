package org.dndllm.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/** Seeded adapters on all seven modules of every layer, which only tests spoil. */
final class SoundAdapter {
    /** Twice as wide as the nano base model, otherwise alike. */
    static final BaseShape WIDER = new BaseShape("qwen2", 2, 128, 4, 2, 32, 160, 655, true);

    private SoundAdapter() {}

    static LoraWeights weights(BaseShape shape, int rank, long seed) {
        Random random = new Random(seed);
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        gaussian(random, rank * shape.in(module)), // [r, in]
                        gaussian(random, shape.out(module) * rank))); // [out, r]
            }
        }
        return LoraWeights.of(shape, rank, 2f * rank, DType.F32, tensors);
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.1f;
        }
        return values;
    }

    /** As a GGUF file of F32 tensors. */
    static byte[] bytes(BaseShape shape, int rank, long seed) {
        try (Arena arena = Arena.ofConfined()) {
            return GgufAdapter.toMemory(weights(shape, rank, seed), GgmlType.F32, arena)
                    .toArray(ValueLayout.JAVA_BYTE);
        }
    }
}
