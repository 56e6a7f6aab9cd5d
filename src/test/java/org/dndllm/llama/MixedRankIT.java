package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufWriter;
import org.dndllm.lora.CanonicalForm;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.MixedLora;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** llama.cpp's own reading of a GGUF adapter of several ranks is what its canonical form does. */
class MixedRankIT {
    private static final int[] PROMPT = {5, 17, 3, 200, 41, 8};

    @TempDir
    Path folder;

    @Test
    void canonicalForm_ofAMixedGguf_givesTheLogitsOfTheOriginal() {
        try (LlamaModel model = TinyModel.open(folder);
                LlamaContext context = model.newContext(TinyModel.SMALL);
                Arena arena = Arena.ofShared()) {
            MemorySegment mixed = mixed(arena);
            MixedLora read;
            try (GgufFile file = GgufFile.of(mixed, "mixed")) {
                read = GgufAdapter.readMixed(file, TinyModel.SHAPE);
            }
            MemorySegment form =
                    GgufAdapter.toMemory(new CanonicalForm(6, 3, read.modules(), false).of(read), GgmlType.F32, arena);

            float[] base = logits(context);
            float[] expected = logits(model, context, mixed);
            float[] actual = logits(model, context, form);

            double moved = distance(expected, base);
            assertThat(moved).isGreaterThan(0.1);
            // the same change through other factors: float rounding of four short products a layer
            assertThat(distance(expected, actual)).isLessThan(1e-4 * moved);
        }
    }

    /** Processors pad rank 8 and never rank 6. */
    @Test
    void loadAdapter_rankThatIsPadded_givesTheLogitsOfTheSameProductsUnpadded() {
        try (LlamaModel model = TinyModel.open(folder);
                LlamaContext context = model.newContext(TinyModel.SMALL);
                Arena arena = Arena.ofShared()) {
            LoraWeights six = TinyModel.weights(3, 6, 0.2f);
            float[] base = logits(context);
            float[] expected = logits(model, context, GgufAdapter.toMemory(six, GgmlType.F32, arena));

            for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16)) {
                float[] actual = logits(model, context, GgufAdapter.toMemory(widened(six, 8), type, arena));

                double rounding = switch (type) {
                    case F16 -> 0.005;
                    case BF16 -> 0.04;
                    default -> 0.002; // other kernels, and keys and values are kept in F16
                };
                assertThat(distance(expected, actual)).as("%s", type).isLessThan(rounding * distance(expected, base));
            }
        }
    }

    private static LoraWeights widened(LoraWeights weights, int rank) {
        List<LoraTensor> wider = weights.tensors().stream()
                .map(pair -> {
                    float[] b = new float[pair.b().length / weights.rank() * rank];
                    for (int i = 0; i < pair.b().length; i++) {
                        b[i / weights.rank() * rank + i % weights.rank()] = pair.b()[i];
                    }
                    int in = pair.a().length / weights.rank();
                    return new LoraTensor(pair.layer(), pair.module(), Arrays.copyOf(pair.a(), in * rank), b);
                })
                .toList();
        return LoraWeights.of(weights.shape(), rank, weights.alpha() * rank / weights.rank(), weights.dtype(), wider);
    }

    /** Rank 2 in the first layer, 6 in the second. */
    private static MemorySegment mixed(Arena arena) {
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "qwen2")
                .put("general.type", "adapter")
                .put("adapter.type", "lora")
                .putFloat32("adapter.lora.alpha", 5);
        for (int layer = 0; layer < 2; layer++) {
            MemorySegment whole =
                    GgufAdapter.toMemory(TinyModel.weights(layer, layer == 0 ? 2 : 6, 0.2f), GgmlType.F32, arena);
            String block = "blk." + layer + ".";
            try (GgufFile file = GgufFile.of(whole, "part")) {
                for (GgufTensor tensor : file.tensors()) {
                    if (tensor.name().startsWith(block)) {
                        writer.tensor(tensor.name(), tensor.type(), List.copyOf(tensor.dims()), tensor.data());
                    }
                }
            }
        }
        return writer.toMemory(arena);
    }

    private static float[] logits(LlamaModel model, LlamaContext context, MemorySegment gguf) {
        try (LoraAdapter adapter = model.loadAdapter(gguf, "a")) {
            context.attach(AdapterSet.of(adapter));
            float[] logits = logits(context);
            context.detach();
            return logits;
        }
    }

    private static float[] logits(LlamaContext context) {
        context.clear();
        context.decode(PROMPT);
        return context.logits();
    }

    private static double distance(float[] x, float[] y) {
        double most = 0;
        for (int i = 0; i < x.length; i++) {
            most = Math.max(most, Math.abs(x[i] - y[i]));
        }
        return most;
    }
}
