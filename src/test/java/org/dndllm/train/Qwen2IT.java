package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.torch.Autocast;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The forward pass against llama.cpp, and its gradients against differences. */
class Qwen2IT {
    private static final int[] TOKENS = {5, 17, 42, 99, 7, 250, 3, 3, 88};
    private static final TorchDevice CPU = TorchDevice.CPU;

    @TempDir
    Path folder;

    /**
     * The tolerances are llama.cpp's own rounding: it keeps keys and values in half precision whatever the weights, and
     * rounds the activations beside narrow weights to their type.
     */
    @ParameterizedTest
    @CsvSource({"F32, true, 1e-3", "F32, false, 1e-3", "F16, true, 1e-3", "BF16, true, 2e-2", "Q8_0, false, 3e-2"})
    void logits_anyStoredType_areLlamaCpps(GgmlType type, boolean tied, double tolerance) {
        Path gguf = TinyBase.write(folder, tied ? TinyBase.SHAPE : TinyBase.UNTIED, type);
        LoraWeights lora = TinyBase.adapter(tied ? TinyBase.SHAPE : TinyBase.UNTIED, 7);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                LoraParameters adapter = LoraParameters.of(lora, 0, CPU)) {
            // when
            float[] plain = lastLogits(model, AdapterTensors.NONE);
            float[] adapted = lastLogits(model, adapter.tensors());

            // then
            List<float[]> llama = llamaLogits(gguf, lora);
            assertThat(distance(plain, llama.get(0))).isLessThan(tolerance);
            assertThat(distance(adapted, llama.get(1))).isLessThan(tolerance);
            assertThat(distance(plain, adapted)).isGreaterThan(0.05);
        }
    }

    @Test
    void logits_longerThanTheTables_areLlamaCpps() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        int[] tokens = new java.util.Random(1).ints(150, 0, 280).toArray();
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                LlamaModel llama = LlamaModel.open(gguf, ModelOptions.CPU);
                LlamaContext context = llama.newContext(small())) {
            context.decode(tokens);

            assertThat(distance(lastLogits(model, AdapterTensors.NONE, tokens), context.logits()))
                    .isLessThan(1e-3);
        }
    }

    @Test
    void loss_paddedBatch_isTheMeanOfItsTokens() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                PointerScope scope = new PointerScope()) {
            List<Example> examples = TinyBase.examples(6, 3);

            float together = model.loss(TokenBatch.of(examples, CPU), AdapterTensors.NONE)
                    .item_float();
            double alone = 0;
            for (Example example : examples) {
                alone += model.loss(TokenBatch.of(List.of(example), CPU), AdapterTensors.NONE)
                        .item_float();
            }

            // every example has two answer tokens
            assertThat((double) together).isCloseTo(alone / examples.size(), within(1e-5));
            assertThat(Evaluation.loss(model, AdapterTensors.NONE, examples, 4)).isCloseTo(together, within(1e-5));
        }
    }

    @Test
    void loss_anAdapterForEachGroup_isThatOfEachAdapterAlone() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                LoraParameters one = LoraParameters.of(TinyBase.adapter(TinyBase.SHAPE, 1), 0, CPU);
                LoraParameters two = LoraParameters.of(TinyBase.adapter(TinyBase.SHAPE, 2), 0, CPU);
                PointerScope scope = new PointerScope()) {
            List<Example> examples = TinyBase.examples(6, 4); // three for each group

            // when
            AdapterTensors both = stacked(one.tensors(), two.tensors());
            float together = model.loss(TokenBatch.of(2, examples, CPU), both).item_float();
            float first = model.loss(TokenBatch.of(examples.subList(0, 3), CPU), one.tensors())
                    .item_float();
            float second = model.loss(TokenBatch.of(examples.subList(3, 6), CPU), two.tensors())
                    .item_float();

            // then
            assertThat(together).isCloseTo((first + second) / 2, within(1e-5f));
            assertThat(first).isNotCloseTo(second, within(1e-3f));

            // and gradients reach every adapter
            one.parameters().gradients().zero_();
            two.parameters().gradients().zero_();
            model.loss(TokenBatch.of(2, examples, CPU), both).backward();
            assertThat(one.parameters().gradientNorms().values()).allMatch(norm -> norm > 0);
            assertThat(two.parameters().gradientNorms().values()).allMatch(norm -> norm > 0);
        }
    }

    @Test
    void backward_loraParameters_gradientIsTheDifferenceQuotient() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                LoraParameters lora = LoraParameters.of(TinyBase.adapter(TinyBase.SHAPE, 5), 0, CPU);
                PointerScope scope = new PointerScope()) {
            List<Example> examples = TinyBase.examples(4, 6);
            model.loss(TokenBatch.of(examples, CPU), lora.tensors()).backward();
            for (String name : List.of(
                    "layers.0.self_attn.q_proj.lora_A",
                    "layers.1.self_attn.v_proj.lora_B",
                    "layers.0.mlp.down_proj.lora_A",
                    "layers.1.mlp.gate_proj.lora_B")) {
                // along the gradient, where the quotient is largest and rounding matters least
                float[] values = lora.parameters().floats(name);
                float[] gradient = Tensors.floats(lora.parameters().get(name).grad());
                double norm = Math.sqrt(dot(gradient, gradient));
                double step = 0.02;
                double up = lossAt(model, examples, lora, name, values, gradient, step / norm);
                double down = lossAt(model, examples, lora, name, values, gradient, -step / norm);
                lora.parameters().set(name, values);

                // single precision, and a curve instead of a line
                assertThat((up - down) / (2 * step)).as(name).isCloseTo(norm, within(0.02 * norm + 1e-4));
            }
        }
    }

    @Test
    void write_pretrainedBase_isReadByLlamaCppAndByUs() {
        Qwen2Config config = Qwen2Config.of(TinyBase.SHAPE);
        Path gguf = folder.resolve("trained.gguf");
        List<Example> texts = TinyBase.examples(16, 8);
        try (BasePretraining training = new BasePretraining(
                config,
                (seed, step, index) -> texts.get((int) Math.floorMod(step * 4 + index, 16L)),
                texts,
                4,
                TrainingOptions.of(30, 3e-3, 1).withSchedule(5, 0.1).withRhythm(100, 15, 0),
                CPU)) {
            // when
            double before = training.validationLoss().orElseThrow();
            TrainingResult result = training.run(folder.resolve("run"), progress -> {});
            training.write(
                    gguf,
                    "trained",
                    "for a test",
                    GgmlType.F32,
                    512,
                    writer -> {},
                    writer ->
                            TinyBase.vocabulary().padded(TinyBase.SHAPE.vocab()).putInto(writer));

            // then
            assertThat(result.bestValidationLoss().orElseThrow()).isLessThan(before - 1);
            float[] ours = lastLogits(training.model(), AdapterTensors.NONE);
            try (LlamaModel llama = LlamaModel.open(gguf, ModelOptions.CPU);
                    LlamaContext context = llama.newContext(small())) {
                context.decode(TOKENS);
                assertThat(distance(ours, context.logits())).isLessThan(1e-3);
            }
        }
    }

    @Test
    void load_huggingFaceFolder_isTheGgufFile() throws IOException {
        // given: the same model in both formats, the folder in two files as large models come
        Path gguf = TinyBase.write(folder, TinyBase.UNTIED, GgmlType.F32);
        Path huggingFace = Files.createDirectory(folder.resolve("hf"));
        Files.writeString(huggingFace.resolve("config.json"), """
                {"model_type": "qwen2", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4,
                 "num_hidden_layers": 2, "intermediate_size": 96, "vocab_size": 300, "tie_word_embeddings": false,
                 "rope_theta": 1000000.0, "rms_norm_eps": 1e-6, "use_sliding_window": false}
                """);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU)) {
            writeShards(huggingFace, weights);

            // when
            try (BaseWeights read = BaseWeights.load(huggingFace, CPU);
                    Qwen2 same = Qwen2.of(read, CPU)) {
                // then
                assertThat(lastLogits(same, AdapterTensors.NONE)).isEqualTo(lastLogits(model, AdapterTensors.NONE));
            }
        }
        Files.delete(huggingFace.resolve("b.safetensors"));
        assertThatThrownBy(() -> BaseWeights.load(huggingFace, CPU)).isInstanceOf(InvalidInputException.class);
    }

    private static void writeShards(Path target, BaseWeights weights) throws IOException {
        try (PointerScope scope = new PointerScope()) {
            Map<String, String> places = new LinkedHashMap<>();
            Map<String, List<TensorView>> files = new HashMap<>();
            for (var spec : Qwen2Names.specs(weights.config().shape())) {
                String file = spec.name().contains("layers.1.") ? "b.safetensors" : "a.safetensors";
                places.put(spec.name(), file);
                files.computeIfAbsent(file, missing -> new ArrayList<>())
                        .add(Tensors.view(spec.name(), weights.get(spec.name())));
            }
            files.forEach((file, views) -> SafetensorsWriter.write(target.resolve(file), views, Map.of()));
            Files.writeString(
                    target.resolve("model.safetensors.index.json"), JsonWriter.write(Map.of("weight_map", places)));
        }
    }

    @Test
    void loss_bfloat16_isCloseAndTheGradientFloat32() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (BaseWeights weights = BaseWeights.load(gguf, CPU);
                Qwen2 model = Qwen2.of(weights, CPU);
                LoraParameters lora = LoraParameters.of(TinyBase.adapter(TinyBase.SHAPE, 5), 0, CPU);
                PointerScope scope = new PointerScope()) {
            TokenBatch batch = TokenBatch.of(TinyBase.examples(4, 6), CPU);
            float exact = model.loss(batch, lora.tensors()).item_float();

            Tensor rounded;
            try (Autocast precision = Autocast.of(CPU, true)) {
                rounded = model.loss(batch, lora.tensors());
            }
            rounded.backward();

            assertThat(rounded.item_float()).isCloseTo(exact, within(0.05f)).isNotEqualTo(exact);
            assertThat(lora.parameters().gradientNorms().values()).allMatch(norm -> norm > 0);
            // and nothing stays switched on
            assertThat(model.loss(batch, lora.tensors()).item_float()).isEqualTo(exact);
        }
    }

    @Test
    void of_freshLora_changesNothingAndKeepsItsValues() {
        LoraSettings settings = new LoraSettings(3, 6, EnumSet.of(TargetModule.Q_PROJ, TargetModule.UP_PROJ), 0);
        try (LoraParameters one = new LoraParameters(TinyBase.SHAPE, settings, 1, CPU);
                LoraParameters same = new LoraParameters(TinyBase.SHAPE, settings, 1, CPU);
                LoraParameters other = new LoraParameters(TinyBase.SHAPE, settings, 2, CPU)) {
            LoraWeights weights = one.weights(DType.F32);

            assertThat(weights.modules()).containsExactlyInAnyOrder(TargetModule.Q_PROJ, TargetModule.UP_PROJ);
            assertThat(weights.tensors()).allSatisfy(pair -> {
                assertThat(pair.b()).containsOnly(0);
                assertThat(pair.a()).doesNotContain(0f);
            });
            assertThat(same.weights(DType.F32).tensors().getFirst().a())
                    .isEqualTo(weights.tensors().getFirst().a());
            assertThat(other.weights(DType.F32).tensors().getFirst().a())
                    .isNotEqualTo(weights.tensors().getFirst().a());
        }
    }

    private static double lossAt(
            Qwen2 model,
            List<Example> examples,
            LoraParameters lora,
            String name,
            float[] values,
            float[] direction,
            double by) {
        float[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] += (float) (direction[i] * by);
        }
        lora.parameters().set(name, moved);
        return Evaluation.loss(model, lora.tensors(), examples, 8);
    }

    /** Each pair of two adapters stacked to [2, ..]. */
    private static AdapterTensors stacked(AdapterTensors one, AdapterTensors two) {
        Map<AdapterTensors.Site, AdapterTensors.Pair> pairs = new HashMap<>();
        one.pairs().forEach((site, pair) -> {
            AdapterTensors.Pair other = two.pairs().get(site);
            pairs.put(
                    site,
                    new AdapterTensors.Pair(
                            torch.stack(new TensorVector(pair.a(), other.a()), 0),
                            torch.stack(new TensorVector(pair.b(), other.b()), 0)));
        });
        return new AdapterTensors(pairs, one.scale(), 0);
    }

    private static float[] lastLogits(Qwen2 model, AdapterTensors adapter) {
        return lastLogits(model, adapter, TOKENS);
    }

    private static float[] lastLogits(Qwen2 model, AdapterTensors adapter, int[] tokens) {
        try (PointerScope scope = new PointerScope()) {
            long[] wide = java.util.Arrays.stream(tokens).asLongStream().toArray();
            Tensor hidden = model.hidden(Tensors.of(wide, CPU, 1, wide.length), 1, adapter);
            return Tensors.floats(model.logits(hidden.select(1, wide.length - 1)));
        }
    }

    /** Without and with the adapter. */
    private static List<float[]> llamaLogits(Path gguf, LoraWeights lora) {
        List<float[]> logits = new ArrayList<>();
        try (LlamaModel model = LlamaModel.open(gguf, ModelOptions.CPU);
                LlamaContext context = model.newContext(small());
                Arena arena = Arena.ofShared()) {
            context.decode(TOKENS);
            logits.add(context.logits());
            context.attach(AdapterSet.of(model.loadAdapter(GgufAdapter.toMemory(lora, GgmlType.F32, arena), "lora")));
            context.decode(TOKENS);
            logits.add(context.logits());
        }
        return logits;
    }

    private static ContextOptions small() {
        return ContextOptions.DEFAULT.withContextLength(256).withThreads(1).withBatch(256);
    }

    /** Norm of the difference over the norm of the second. */
    private static double distance(float[] one, float[] two) {
        double difference = 0;
        for (int i = 0; i < one.length; i++) {
            difference += Math.pow(one[i] - two[i], 2);
        }
        return Math.sqrt(difference / dot(two, two));
    }

    private static double dot(float[] one, float[] two) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += (double) one[i] * two[i];
        }
        return sum;
    }
}
