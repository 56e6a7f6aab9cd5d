package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeneratorConfigTest {
    @ParameterizedTest
    @CsvSource({
        "qwen2.5-0.5b-commonsense, 1113203220, 1.113",
        "qwen2.5-1.5b-coding, 1742934236, 1.743",
        "qwen2.5-1.5b-math, 1780943308, 1.781",
        "qwen2.5-7b-coding, 1964146220, 1.964",
        "qwen2.5-7b-math, 1942130220, 1.942",
        "qwen2.5-vl-3b-math, 2409631548, 2.410",
    })
    void parameters_officialPresets_areThePublishedCounts(String name, long exact, double billions) {
        // given
        GeneratorConfig config = GeneratorConfig.preset(name);
        // when
        long parameters = config.parameters();
        // then: as PyTorch 2.15.0 counts the official modules (commit 60e2192) on its meta device
        assertThat(parameters).isEqualTo(exact);
        assertThat(parameters / 1e9).isCloseTo(billions, offset(0.0005));
    }

    @Test
    void parameters_commonSensePreset_perLayer() {
        // given: millions per layer, counted by the official module in PyTorch 2.15.0
        double[] expected = {32.786, 17.154, 11.820, 17.532, 49.176, 91.468, 176.374, 716.893};
        List<Stage> stages = GeneratorConfig.preset("qwen2.5-0.5b-commonsense").stages();
        for (int i = 0; i < expected.length; i++) {
            // when
            long parameters =
                    GeneratorConfig.paper(9, stages.get(i), stages.get(i + 1)).parameters();
            // then
            assertThat(parameters / 1e6).as("layer %d", i).isCloseTo(expected[i], offset(0.0005));
        }
    }

    @Test
    void presets_tokens_matchTheAdapterLayouts() {
        // given: layers x tokens per layer, and rank + 2 by chunk + 2, of the official adapters
        Map<String, Stage> expected = Map.of(
                "qwen2.5-0.5b-commonsense", new Stage(24 * 179, 10, 130),
                "qwen2.5-1.5b-coding", new Stage(28 * 161, 18, 258),
                "qwen2.5-1.5b-math", new Stage(28 * 161, 18, 258),
                "qwen2.5-7b-coding", new Stage(28 * 176, 18, 514),
                "qwen2.5-7b-math", new Stage(28 * 176, 18, 514),
                "qwen2.5-vl-3b-math", new Stage(36 * 203, 18, 258));
        // then
        assertThat(GeneratorConfig.presetNames()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        expected.forEach((name, tokens) ->
                assertThat(GeneratorConfig.preset(name).tokens()).as(name).isEqualTo(tokens));
    }

    @Test
    void presets_superLarge_takeTheLongText() {
        // given
        GeneratorConfig coding = GeneratorConfig.preset("qwen2.5-1.5b-coding");
        GeneratorConfig common = GeneratorConfig.preset("qwen2.5-0.5b-commonsense");
        // then
        assertThat(coding.textLength()).isEqualTo(26624);
        assertThat(coding.weightShapes().get("down_proj.weight")).containsExactly(1000L, 26624L);
        assertThat(common.textLength()).isEqualTo(384);
        assertThat(common.weightShapes()).doesNotContainKey("down_proj.weight");
        assertThat(common.prompts()).isEqualTo(128);
        assertThat(common.channels()).isEqualTo(384);
    }

    @Test
    void weightShapes_names_areThoseOfTheOfficialStateDict() {
        // given
        GeneratorConfig config = GeneratorConfig.paper(3, new Stage(2, 4, 5), new Stage(3, 6, 7));
        // then
        String layer = "model.decoder.module_list.0.";
        assertThat(config.weightShapes())
                .containsEntry(layer + "linear1.conv1w.weight", List.of(7L, 5L, 3L, 3L))
                .containsEntry(layer + "linear1.conv2h.weight", List.of(6L, 4L, 3L, 3L))
                .containsEntry(layer + "linear1.norm.bias", List.of(4L, 5L))
                .containsEntry(layer + "linear1.bias", List.of(6L, 7L))
                .containsEntry(layer + "linear2.weight", List.of(3L, 2L, 3L, 3L))
                .hasSize(9);
    }

    @Test
    void json_roundTrip_isEqual() {
        for (String name : GeneratorConfig.presetNames()) {
            // given
            GeneratorConfig config = GeneratorConfig.preset(name);
            // when
            String json = JsonWriter.write(config.toJson());
            GeneratorConfig read = GeneratorConfig.fromJson(
                    JsonValue.parse(json, "bundle.json").asObject("bundle.json"));
            // then
            assertThat(read).isEqualTo(config);
        }
    }

    @Test
    void fromJson_wrongField_namesFileAndField() {
        assertRefused("{\"family\":\"paper\",\"kernel\":3,\"stages\":[[1,2],[1,2,3]]}", "stages[0]");
        assertRefused("{\"family\":\"paper\",\"kernel\":3,\"stages\":[[1,2,3]]}", "at least two stages");
        assertRefused("{\"family\":\"rnn\",\"kernel\":3,\"stages\":[[1,2,3],[1,2,3]]}", "rnn");
        assertRefused("{\"family\":\"paper\",\"kernel\":0,\"stages\":[[1,2,3],[1,2,3]]}", "kernel");
        assertRefused("{\"family\":\"paper\",\"stages\":[[1,2,3],[1,2,3]]}", "kernel");
    }

    private static void assertRefused(String json, String part) {
        assertThatThrownBy(() ->
                        GeneratorConfig.fromJson(JsonValue.parse(json, "b.json").asObject("b.json")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("b.json")
                .hasMessageContaining(part);
    }

    @Test
    void preset_unknownName_listsTheKnown() {
        assertThatThrownBy(() -> GeneratorConfig.preset("qwen9"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("qwen9")
                .hasMessageContaining("qwen2.5-7b-math");
    }
}
