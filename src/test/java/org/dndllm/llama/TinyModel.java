package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
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
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;

/** A model small enough to be opened in every test, and adapters for it. Seeded. */
public final class TinyModel {
    static final BaseShape SHAPE = new BaseShape("qwen2", 2, 64, 4, 2, 16, 128, 300, true);
    static final ContextOptions SMALL =
            ContextOptions.DEFAULT.withContextLength(256).withThreads(1).withBatch(32);
    private static final String TEXT =
            "the quick brown fox jumps over the lazy dog and the other dog sleeps ".repeat(20);

    private TinyModel() {}

    static Path write(Path folder) {
        Path file = folder.resolve("tiny.gguf");
        SyntheticBase.write(file, SHAPE, SyntheticVocabulary.train(TEXT, 280), GgmlType.F32, 42, "tiny");
        return file;
    }

    static LlamaModel open(Path folder) {
        return LlamaModel.open(write(folder), ModelOptions.CPU);
    }

    static LoraWeights weights(long seed, int rank, float size) {
        return weights(SHAPE, seed, rank, size);
    }

    static LoraWeights weights(BaseShape shape, long seed, int rank, float size) {
        Random random = new Random(seed);
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        gaussian(random, rank * shape.in(module), size), // [r, in]
                        gaussian(random, shape.out(module) * rank, size))); // [out, r]
            }
        }
        return LoraWeights.of(shape, rank, 2f * rank, DType.F32, tensors);
    }

    private static float[] gaussian(Random random, int count, float size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * size;
        }
        return values;
    }

    public static LoraAdapter adapter(LlamaModel model, long seed, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment gguf = GgufAdapter.toMemory(weights(model.shape(), seed, 4, 0.2f), GgmlType.F32, arena);
            return model.loadAdapter(gguf, name);
        }
    }
}
