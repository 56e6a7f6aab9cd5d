package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.dndllm.engine.Nano;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;

/**
 * Two adapters for the embedded base, for tests of {@code dnd lora} and {@code dnd blend}.
 *
 * @param theirs PEFT; rank 6, alpha 7, BF16, q and down of all layers, v of the last alone
 * @param ours GGUF; rank 4, alpha 8, F32, all modules
 */
record LoraSamples(Path theirs, Path ours) {
    static LoraSamples write(Path folder) {
        Path theirs = folder.resolve("theirs");
        Path ours = folder.resolve("ours.gguf");
        BaseShape shape;
        try (GgufFile base = GgufFile.open(Nano.BASE)) {
            shape = BaseShape.fromGguf(base);
        }
        Set<TargetModule> some = EnumSet.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ);
        PeftAdapter.write(theirs, random(shape, 6, 7, some, 71).withDtype(DType.BF16), Map.of());
        GgufAdapter.write(ours, random(shape, 4, 8, EnumSet.allOf(TargetModule.class), 72), GgmlType.F32);
        return new LoraSamples(theirs, ours);
    }

    /** Values as large as those of trained adapters: the effect on logits is plain. */
    private static LoraWeights random(BaseShape shape, int rank, float alpha, Set<TargetModule> modules, long seed) {
        Random random = new Random(seed);
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                if (modules.contains(module) || (module == TargetModule.V_PROJ && layer == shape.layers() - 1)) {
                    float[] a = normal(random, rank * shape.in(module));
                    float[] b = normal(random, shape.out(module) * rank);
                    pairs.add(new LoraTensor(layer, module, a, b));
                }
            }
        }
        return LoraWeights.of(shape, rank, alpha, DType.F32, pairs);
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (0.15 * random.nextGaussian());
        }
        return values;
    }

    /** {@code dnd lora} on the embedded base. */
    static Cli lora(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("lora"));
        words.addAll(List.of(arguments));
        words.addAll(List.of("--base", Nano.BASE));
        return Cli.run(words.toArray());
    }
}
