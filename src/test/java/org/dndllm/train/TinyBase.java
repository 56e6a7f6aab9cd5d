package org.dndllm.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;

/** A base model small enough for every test, with adapters and examples. Seeded. */
public final class TinyBase {
    public static final BaseShape SHAPE = new BaseShape(BaseShape.QWEN2, 2, 64, 4, 2, 16, 96, 300, true);
    public static final BaseShape UNTIED = new BaseShape(BaseShape.QWEN2, 2, 64, 4, 4, 16, 96, 300, false);
    private static final String TEXT =
            "the quick brown fox jumps over the lazy dog and the other dog sleeps ".repeat(20);

    private TinyBase() {}

    public static SyntheticVocabulary vocabulary() {
        return SyntheticVocabulary.train(TEXT, 280);
    }

    public static Path write(Path folder, BaseShape shape, GgmlType type) {
        Path file = folder.resolve("tiny-" + type + "-" + shape.tiedEmbeddings() + ".gguf");
        SyntheticBase.write(file, shape, vocabulary(), type, 42, "tiny");
        return file;
    }

    public static LoraWeights adapter(BaseShape shape, long seed) {
        Random random = new Random(seed);
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        gaussian(random, 4 * shape.in(module)), // [r, in]
                        gaussian(random, shape.out(module) * 4))); // [out, r]
            }
        }
        return LoraWeights.of(shape, 4, 8f, DType.F32, tensors);
    }

    /** Answers that follow from the prompt: the last token of the answer repeats the first of the prompt. */
    public static List<Example> examples(int count, long seed) {
        Random random = new Random(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] prompt = random.ints(3 + random.nextInt(5), 0, 40).toArray();
            examples.add(Example.of(prompt, new int[] {50, prompt[0]}));
        }
        return examples;
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * 0.05f;
        }
        return values;
    }
}
