package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.lora.AdapterLayout;
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

    /** As the official training scripts spell them ({@code workspace/main/tasks}, commit 60e2192). */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            qwen2.5-0.5b-commonsense |  9 |   384 | 128,384,384 128,200,300 128,100,256 256,50,200 512,50,200 \
            1024,25,200 1024,10,200 2048,10,200 4296,10,130
            qwen2.5-1.5b-coding      | 11 | 26624 | 16,1000,384 64,500,300 256,125,300 512,64,300 1024,64,256 \
            2048,32,256 4508,18,258
            qwen2.5-1.5b-math        | 11 |  4608 | 32,1000,384 64,500,300 256,500,300 512,125,300 1024,64,256 \
            2048,32,256 4508,18,258
            qwen2.5-7b-coding        | 11 | 26624 | 16,1000,384 64,500,384 256,125,400 512,64,400 1024,64,400 \
            2048,32,400 4928,18,514
            qwen2.5-7b-math          | 11 |  4608 | 16,1000,384 64,500,384 256,125,400 512,64,400 1024,64,400 \
            2048,32,400 4928,18,514
            qwen2.5-vl-3b-math       | 11 |  1536 | 16,1536,384 64,500,300 256,125,300 1024,64,300 2048,16,256 \
            7308,18,258
            """)
    void stages_officialPresets_areThoseOfTheScripts(String name, int kernel, int textLength, String stages) {
        // given
        GeneratorConfig config = GeneratorConfig.preset(name);
        AdapterLayout layout = AdapterLayout.preset(name);
        // when
        String spelled = config.stages().stream()
                .map(s -> s.n() + "," + s.l() + "," + s.c())
                .collect(Collectors.joining(" "));
        // then
        assertThat(spelled).isEqualTo(stages);
        assertThat(config.kernel()).isEqualTo(kernel);
        assertThat(config.textLength()).isEqualTo(textLength);
        assertThat(((PaperConfig) config).projection().isPresent())
                .as("SuperLarge: the 1.5B and 7B targets")
                .isEqualTo(name.contains("1.5b") || name.contains("7b"));
        assertThat(config.tokens()).isEqualTo(new Stage(layout.tokens(), layout.rows(), layout.columns()));
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
        assertThat(GeneratorConfig.presetNames())
                .containsAll(expected.keySet())
                .filteredOn(name -> GeneratorConfig.preset(name) instanceof PaperConfig)
                .hasSize(expected.size());
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
    void parameters_compactPreset_areBelowTheLimit() {
        // given
        GeneratorConfig config = GeneratorConfig.preset("compact-qwen2.5-0.5b");
        AdapterLayout layout = AdapterLayout.preset("compact-qwen2.5-0.5b");
        // when
        long parameters = config.parameters();
        // then: reader 140,032; blocks 87,834, 300,424, 1,088,016 and 4,441,816; tokens 4,399,104 and 4,296
        assertThat(parameters).isLessThan(100_000_000).isEqualTo(10_461_522);
        assertThat(config.tokens()).isEqualTo(new Stage(layout.tokens(), layout.rows(), layout.columns()));
    }

    @Test
    void weightShapes_compact_areThoseOfTheFormulas() {
        // given: N 5, L 7, C 6; P 4, H 10; one hidden stage
        GeneratorConfig config =
                GeneratorConfig.compact(3, 4, 10, new Stage(5, 7, 6), new Stage(8, 2, 9), new Stage(11, 3, 12));
        // then
        Map<String, List<Long>> expected = new LinkedHashMap<>();
        expected.put("reader.norm.weight", List.of(6L));
        expected.put("reader.norm.bias", List.of(6L));
        expected.put("reader.query", List.of(4L, 6L));
        expected.put("reader.value.weight", List.of(10L, 6L));
        expected.put("reader.value.bias", List.of(4L, 10L));
        expected.put("block.0.norm.weight", List.of(1L, 10L));
        expected.put("block.0.norm.bias", List.of(1L, 10L));
        expected.put("block.0.width.depthwise1", List.of(10L, 1L, 3L, 3L));
        expected.put("block.0.width.pointwise1", List.of(9L, 10L));
        expected.put("block.0.width.depthwise2", List.of(1L, 1L, 3L, 3L));
        expected.put("block.0.width.pointwise2", List.of(2L, 1L));
        expected.put("block.0.height.depthwise1", List.of(1L, 1L, 3L, 3L));
        expected.put("block.0.height.pointwise1", List.of(2L, 1L));
        expected.put("block.0.height.depthwise2", List.of(10L, 1L, 3L, 3L));
        expected.put("block.0.height.pointwise2", List.of(9L, 10L));
        expected.put("block.0.bias", List.of(2L, 9L));
        expected.put("block.0.mix.weight", List.of(8L, 4L));
        expected.put("block.0.mix.bias", List.of(8L));
        expected.put("block.1.norm.weight", List.of(2L, 9L));
        expected.put("block.1.norm.bias", List.of(2L, 9L));
        expected.put("block.1.width.depthwise1", List.of(9L, 1L, 3L, 3L));
        expected.put("block.1.width.pointwise1", List.of(12L, 9L));
        expected.put("block.1.width.depthwise2", List.of(2L, 1L, 3L, 3L));
        expected.put("block.1.width.pointwise2", List.of(3L, 2L));
        expected.put("block.1.height.depthwise1", List.of(2L, 1L, 3L, 3L));
        expected.put("block.1.height.pointwise1", List.of(3L, 2L));
        expected.put("block.1.height.depthwise2", List.of(9L, 1L, 3L, 3L));
        expected.put("block.1.height.pointwise2", List.of(12L, 9L));
        expected.put("block.1.bias", List.of(3L, 12L));
        expected.put("block.1.mix.weight", List.of(11L, 8L));
        expected.put("block.1.mix.bias", List.of(11L));
        expected.put("tokens.base", List.of(11L, 3L, 12L));
        expected.put("tokens.gain", List.of(11L));
        assertThat(List.copyOf(config.weightShapes().entrySet())).isEqualTo(List.copyOf(expected.entrySet()));
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
        assertRefused(compact("\"kernel\":4,\"slots\":2,\"width\":3"), "odd");
        assertRefused(compact("\"kernel\":3,\"slots\":0,\"width\":3"), "slots");
        assertRefused(compact("\"kernel\":3,\"slots\":2,\"width\":-1"), "width");
        assertRefused(compact("\"kernel\":3,\"width\":3"), "slots");
        assertRefused(compact("\"kernel\":3,\"slots\":3"), "width");
        assertRefused("{\"family\":\"paper\",\"stages\":[[1,2,3],[1,2,3]]}", "kernel");
    }

    private static String compact(String members) {
        return "{\"family\":\"compact\"," + members + ",\"stages\":[[1,2,3],[1,2,3]]}";
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
