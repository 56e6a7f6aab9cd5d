package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeftAdapterTest {
    private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void read_written_givesSameWeights(DType dtype) {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 4, 6.5f, LoraFixtures.ALL, dtype, 31);
        Path target = folder.resolve("adapter");
        PeftAdapter.write(target, weights, Map.of("base_model_name_or_path", "some/base"));
        LoraWeights back = PeftAdapter.read(target, LoraFixtures.TINY);
        assertThat(LoraFixtures.sameValues(back, weights)).isTrue();
        assertThat(back.dtype()).isEqualTo(dtype);
        assertThatThrownBy(() -> PeftAdapter.write(target, weights, Map.of())).hasMessageContaining("exists already");
    }

    @Test
    void read_savedByPeft_givesItsValues() throws Exception {
        // given: see src/test/resources/lora/README.md
        Path golden =
                Path.of(PeftAdapterTest.class.getResource("/lora/peft-tiny").toURI());
        BaseShape shape = BaseShape.fromConfigJson(golden.resolve("config.json"));

        // when
        LoraWeights weights = PeftAdapter.read(golden, shape);

        // then
        assertThat(shape).isEqualTo(new BaseShape("qwen2", 2, 16, 2, 1, 8, 24, 40, true));
        assertThat(weights.tensors()).hasSize(14);
        assertThat(weights.rank()).isEqualTo(2);
        assertThat(weights.scale()).isEqualTo(2f);
        assertThat(weights.dtype()).isEqualTo(DType.BF16);
        List<LoraNorms.Entry> norms = LoraNorms.of(weights).entries();
        assertThat(norms.getFirst().norm())
                .isCloseTo(FIRST_NORM, org.assertj.core.data.Percentage.withPercentage(1e-6));
        assertThat(norms.getLast().norm()).isCloseTo(LAST_NORM, org.assertj.core.data.Percentage.withPercentage(1e-6));
    }

    private static final double FIRST_NORM = 2.7693432444469983; // layer 0 q_proj, by torch in double
    private static final double LAST_NORM = 2.2136008408386934; // layer 1 down_proj

    @ParameterizedTest
    @ValueSource(
            strings = {
                "base_model.model.model.layers.0.self_attn.q_proj.lora_%s.weight",
                "base_model.model.model.layers.0.self_attn.q_proj.lora_%s.default.weight",
                "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_%s.weight",
                "base_model.model.language_model.model.layers.0.self_attn.q_proj.lora_%s.weight",
                "base_model.model.language_model.layers.0.self_attn.q_proj.lora_%s.weight",
                "model.layers.0.self_attn.q_proj.lora_%s.weight",
                "layers.0.self_attn.q_proj.lora_%s.weight",
                "module.base_model.model.model.layers.0.self_attn.q_proj.lora_%s.weight",
                "_orig_mod.base_model.model.model.layers.0.self_attn.q_proj.lora_%s.default.weight",
            })
    void read_keyVariant_isAccepted(String pattern) {
        tensors(List.of(f16(pattern.formatted("A"), 4, 64), f16(pattern.formatted("B"), 64, 4)));
        config(Map.of());
        assertThat(PeftAdapter.read(folder, LoraFixtures.TINY)
                        .tensors()
                        .getFirst()
                        .module())
                .isEqualTo(TargetModule.Q_PROJ);
    }

    @Test
    void read_rsLora_scalesBySquareRoot() {
        sound();
        config(Map.of("use_rslora", true));
        LoraWeights weights = PeftAdapter.read(folder, LoraFixtures.TINY);
        assertThat(weights.scale()).isEqualTo(4f); // 8 / sqrt(4)
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.5", "1.5", "3B", "7B"})
    void read_officialConfig_isAccepted(String size) throws Exception {
        Path config = Path.of(
                System.getProperty("dnd.root", "."), "../shared/data/peft/adapter_config_Qwen2.5-" + size + ".json");
        Assumptions.assumeTrue(Files.exists(config), "no shared test data at " + config);
        int rank = size.equals("0.5") ? 8 : 16;
        tensors(List.of(f16(Q + "lora_A.weight", rank, 64), f16(Q + "lora_B.weight", 64, rank)));
        Files.copy(config, folder.resolve(PeftAdapter.CONFIG_FILE));
        assertThat(PeftAdapter.read(folder, LoraFixtures.TINY).scale()).isEqualTo(2f);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "peft_type | \"IA3\"",
                "peft_type | 3",
                "r | 0",
                "r | -4",
                "r | 8",
                "r | \"4\"",
                "r | 99999999999",
                "lora_alpha | 0",
                "lora_alpha | \"8\"",
                "lora_alpha | 1e39",
                "use_dora | true",
                "use_dora | \"yes\"",
                "lora_bias | true",
                "bias | \"all\"",
                "bias | \"lora_only\"",
                "fan_in_fan_out | true",
                "modules_to_save | [\"lm_head\"]",
                "rank_pattern | {\"q_proj\": 2}",
                "alpha_pattern | {\"q_proj\": 2}",
                "layer_replication | [[0, 1]]",
                "init_lora_weights | \"pissa\"",
                "init_lora_weights | \"loftq\"",
                "trainable_token_indices | [1]",
                "alora_invocation_tokens | [1, 2]",
                "target_parameters | [\"w\"]",
                "use_qalora | true",
            })
    void read_badConfig_throwsNamingField(String field, String value) throws Exception {
        sound();
        config(Map.of());
        Path file = folder.resolve(PeftAdapter.CONFIG_FILE);
        String json = Files.readString(file).replaceAll(",?\\s*\"" + field + "\": [^,}]*", "");
        Files.writeString(file, json.replaceFirst("\\{,?", "{ \"" + field + "\": " + value + ","));
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field.equals("r") && value.equals("8") ? "lora_A" : field);
    }

    @Test
    void read_badTensors_throwNamingThem() {
        config(Map.of());
        TensorView a = f16(Q + "lora_A.weight", 4, 64);
        TensorView b = f16(Q + "lora_B.weight", 64, 4);
        refuse("there are none", List.of());
        refuse("lora_B", List.of(a));
        refuse("lora_A", List.of(b));
        refuse("shape [4, 32]", List.of(f16(Q + "lora_A.weight", 4, 32), b));
        refuse("shape [4, 64]", List.of(a, f16(Q + "lora_B.weight", 4, 64)));
        refuse("layers", with(a, b, f16(Q.replace(".0.", ".7.") + "lora_A.weight", 4, 64)));
        refuse("c_attn", with(a, b, f16(Q.replace("q_proj", "c_attn") + "lora_A.weight", 4, 64)));
        refuse("DoRA", with(a, b, f16(Q + "lora_magnitude_vector.weight", 1, 64)));
        refuse("bias", with(a, b, f16(Q + "lora_B.bias", 1, 64)));
        refuse("embedding", with(a, b, f16("base_model.model.model.embed_tokens.lora_embedding_A", 4, 320)));
        refuse("lm_head", with(a, b, f16("base_model.model.lm_head.lora_A.weight", 4, 64)));
        refuse("vision", with(a, b, f16("base_model.model.visual.blocks.0.mlp.up_proj.lora_A.weight", 4, 64)));
        refuse("whole weight", with(a, b, f16("base_model.model.model.norm.weight", 1, 64)));
        refuse("second tensor", with(a, b, f16(Q + "lora_A.other.weight", 4, 64)));
        refuse("NaN", List.of(TensorView.ofFloats(Q + "lora_A.weight", List.of(4L, 64L), filled(Float.NaN)), b));
        refuse(
                "Infinity",
                List.of(
                        TensorView.ofFloats(Q + "lora_A.weight", List.of(4L, 64L), filled(Float.POSITIVE_INFINITY)),
                        b));
        refuse(
                "I32",
                List.of(
                        new TensorView(
                                Q + "lora_A.weight",
                                DType.I32,
                                List.of(4L, 64L),
                                java.lang.foreign.MemorySegment.ofArray(new byte[1024])),
                        b));
    }

    @Test
    void read_badFolder_throws() throws Exception {
        assertThatThrownBy(() -> PeftAdapter.read(folder.resolve("none"), LoraFixtures.TINY))
                .hasMessageContaining("folder");
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY))
                .hasMessageContaining("adapter_config.json");
        config(Map.of());
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY)).isInstanceOf(InvalidInputException.class);
        Files.writeString(folder.resolve("adapter_model.bin"), "x");
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY)).hasMessageContaining("pickle");
        Files.writeString(folder.resolve(PeftAdapter.CONFIG_FILE), "{");
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY)).isInstanceOf(InvalidInputException.class);
    }

    private void refuse(String message, List<TensorView> tensors) {
        tensors(tensors);
        assertThatThrownBy(() -> PeftAdapter.read(folder, LoraFixtures.TINY))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("adapter_model.safetensors")
                .hasMessageContaining(message);
    }

    private static List<TensorView> with(TensorView... tensors) {
        return new ArrayList<>(List.of(tensors));
    }

    private static float[] filled(float value) {
        float[] values = new float[256];
        values[17] = value;
        return values;
    }

    private void sound() {
        tensors(List.of(f16(Q + "lora_A.weight", 4, 64), f16(Q + "lora_B.weight", 64, 4)));
    }

    private void tensors(List<TensorView> tensors) {
        SafetensorsWriter.write(folder.resolve(PeftAdapter.WEIGHTS_FILE), tensors, Map.of("format", "pt"));
    }

    private static TensorView f16(String name, long rows, long columns) {
        return TensorView.ofFloats(name, DType.F16, List.of(rows, columns), new float[(int) (rows * columns)]);
    }

    private void config(Map<String, ?> extra) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("peft_type", "LORA");
        json.put("r", 4);
        json.put("lora_alpha", 8);
        json.putAll(extra);
        org.dndllm.format.AtomicFile.writeString(folder.resolve(PeftAdapter.CONFIG_FILE), JsonWriter.write(json));
    }
}
