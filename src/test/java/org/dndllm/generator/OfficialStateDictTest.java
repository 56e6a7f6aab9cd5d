package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OfficialStateDictTest {
    private static final PaperConfig SMALL =
            GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7), new Stage(6, 4, 10));
    private static final PaperConfig LONG =
            GeneratorConfig.superLarge(40, 5, new Stage(2, 6, 8), new Stage(4, 5, 7), new Stage(6, 4, 10));
    private static final String LAYER = "model.decoder.module_list.1.";

    @TempDir
    Path folder;

    /** Files of the true shapes, 4.4 to 9.6 GB that are all holes: nothing but names and shapes is read. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "qwen2.5-0.5b-commonsense",
                "qwen2.5-1.5b-coding",
                "qwen2.5-1.5b-math",
                "qwen2.5-7b-coding",
                "qwen2.5-7b-math",
                "qwen2.5-vl-3b-math",
            })
    void config_trueShapes_arePreset(String name) throws IOException {
        // given
        PaperConfig preset = (PaperConfig) GeneratorConfig.preset(name);
        Path file = StateDictFile.hollow(preset, DType.F32).write(folder.resolve("Math.pth"));
        assertThat(Files.size(file)).isGreaterThan(4 * preset.parameters());
        // when
        try (OfficialStateDict state = OfficialStateDict.open(file)) {
            // then
            assertThat(state.config()).isEqualTo(preset);
            assertThat(state.types()).isEqualTo("F32");
            assertThat(state.encoder()).isEmpty();
            WeightSource weights = state.weights(preset);
            String last = "model.decoder.module_list." + (preset.stages().size() - 2) + ".linear2.weight";
            assertThat(weights.rows(
                                    last,
                                    preset.tokens().n() - 1,
                                    preset.tokens().n())
                            .toFloats())
                    .containsOnly(0f);
        }
    }

    static Stream<Arguments> layouts() {
        return Stream.of(
                Arguments.of("as saved", 1, (UnaryOperator<StateDictFile>) file -> file),
                Arguments.of("old layout", 2, (UnaryOperator<StateDictFile>) StateDictFile::oldLayout),
                Arguments.of("DDP", 3, (UnaryOperator<StateDictFile>) file -> file.renamed(name -> "module." + name)),
                Arguments.of("with encoder, DDP", 4, (UnaryOperator<StateDictFile>)
                        file -> withEncoder(file).renamed(name -> "module." + name)),
                Arguments.of("with encoder", 5, (UnaryOperator<StateDictFile>) OfficialStateDictTest::withEncoder));
    }

    private static StateDictFile withEncoder(StateDictFile file) {
        return file.put(TensorView.ofFloats("condition_module.pooler.dense.bias", List.of(2L), new float[] {1, 2}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layouts")
    void weights_everyLayout_areTheSame(String name, long seed, UnaryOperator<StateDictFile> layout) {
        for (PaperConfig config : List.of(SMALL, LONG)) {
            // given
            Path file = layout.apply(StateDictFile.of(config, seed)).write(folder.resolve("a.pth"));
            WeightSource expected = GeneratorWeights.random(config, seed);
            // when
            try (OfficialStateDict state = OfficialStateDict.open(file)) {
                // then
                assertThat(state.config()).isEqualTo(config);
                WeightSource found = state.weights(config);
                config.weightShapes()
                        .forEach((weight, shape) -> assertThat(
                                        found.rows(weight, 0, shape.getFirst()).toFloats())
                                .as("%s, seed %d", weight, seed)
                                .isEqualTo(expected.rows(weight, 0, shape.getFirst())
                                        .toFloats()));
                assertThat(state.encoder().keySet())
                        .isEqualTo(name.contains("encoder") ? Set.of("pooler.dense.bias") : Set.of());
            }
        }
    }

    /** @param problem what the message must say beside file and field */
    record Bad(String name, UnaryOperator<StateDictFile> change, String field, String problem) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Bad> malformed() {
        String call = "cos\nsystem\n(" + StateDictFile.text("echo pwned") + "tR";
        return Stream.of(
                new Bad("code", f -> f.member("payload", call), "data.pkl", "os.system"),
                new Bad(
                        "missing weight",
                        f -> f.remove(LAYER + "linear1.conv2w.weight"),
                        LAYER + "linear1.conv2w.weight",
                        "is missing; expected all weights"),
                new Bad("missing bias", f -> f.remove(LAYER + "linear2.bias"), LAYER + "linear2.bias", "is missing"),
                new Bad(
                        "missing norm",
                        f -> f.remove(LAYER + "linear1.norm.weight"),
                        LAYER + "linear1.norm.weight",
                        "is missing"),
                new Bad(
                        "gate without down",
                        f -> f.put(zeros("gate_proj.weight", 6, 6)),
                        "gate_proj.weight",
                        "does not have"),
                new Bad(
                        "surplus weight",
                        f -> f.put(zeros("model.head.weight", 4)),
                        "model.head.weight",
                        "is one of 1 entries that a generator of this configuration does not have"),
                new Bad(
                        "surplus layer part",
                        f -> f.put(zeros(LAYER + "linear1.conv3w.weight", 4)),
                        LAYER + "linear1.conv3w.weight",
                        "does not have"),
                new Bad(
                        "another kernel",
                        f -> f.put(zeros(LAYER + "linear1.conv1w.weight", 10, 7, 5, 5)),
                        LAYER + "linear1.conv1w.weight",
                        "has shape [10, 7, 5, 5], expected [10, 7, 3, 3]"),
                new Bad(
                        "stages that do not meet",
                        f -> f.put(zeros("model.decoder.module_list.0.linear1.bias", 5, 6)),
                        "model.decoder.module_list.0.linear1.bias",
                        "has shape [5, 6], expected [5, 7]"),
                new Bad(
                        "transposed convolution",
                        f -> f.put(zeros(LAYER + "linear2.weight", 4, 6, 3, 3)),
                        "linear2",
                        "expected"),
                new Bad(
                        "flat norm",
                        f -> f.put(zeros(LAYER + "linear1.norm.weight", 35)),
                        LAYER + "linear1.norm.weight",
                        "has shape [35], expected [l, c]"),
                new Bad(
                        "flat convolution",
                        f -> f.put(zeros(LAYER + "linear2.weight", 6, 4)),
                        LAYER + "linear2.weight",
                        "expected [n', n, k, k]"),
                new Bad(
                        "extent of 0",
                        f -> f.put(zeros(LAYER + "linear2.weight", 0, 4, 3, 3)),
                        "model.decoder.module_list.1",
                        "has an extent of 0"),
                new Bad(
                        "whole numbers",
                        f -> f.putHole(LAYER + "linear2.bias", DType.I64, List.of(6L)),
                        LAYER + "linear2.bias",
                        "is I64, expected F32"),
                new Bad("DDP for some", f -> f.put(zeros("module.model.x", 1)), "criterion_weight", "module."),
                new Bad(
                        "nested",
                        f -> f.renamed(name -> "state_dict." + name),
                        "model.decoder.module_list.0",
                        "the file holds state_dict.criterion_weight"),
                new Bad(
                        "another model",
                        f -> f.renamed(name -> "blk." + name),
                        "model.decoder.module_list.0",
                        "expected the state dict of an official generator"),
                new Bad("a number beside", f -> f.member("epoch", "K\3"), "epoch", "is no tensor"),
                new Bad(
                        "not a number",
                        f -> f.put(TensorView.ofFloats(
                                LAYER + "linear2.bias", List.of(6L), new float[] {1, 2, Float.NaN, 4, 5, 6})),
                        LAYER + "linear2.bias",
                        "value 2 is NaN"),
                new Bad(
                        "infinity in bfloat16",
                        f -> f.put(TensorView.ofFloats(LAYER + "linear2.bias", DType.BF16, List.of(6L), new float[] {
                            1, 2, 3, 4, 5, Float.NEGATIVE_INFINITY
                        })),
                        LAYER + "linear2.bias",
                        "value 5 is -Infinity"));
    }

    private static TensorView zeros(String name, long... shape) {
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        return TensorView.ofFloats(name, Arrays.stream(shape).boxed().toList(), new float[(int) count]);
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void weights_malformed_refusedNamingFileAndField(Bad bad) {
        // given
        Path file = bad.change().apply(StateDictFile.of(SMALL, 1)).write(folder.resolve("bad.pth"));
        // when, then
        assertThatThrownBy(() -> readAll(file))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source()).as(e.getMessage()).isEqualTo(file.toString());
                    assertThat(e.field()).as(e.getMessage()).contains(bad.field());
                })
                .hasMessageContaining(bad.problem());
    }

    @Test
    void open_truncatedAnywhere_isRefused() throws IOException {
        // given
        byte[] whole = Files.readAllBytes(StateDictFile.of(SMALL, 1).write(folder.resolve("whole.pth")));
        Path file = folder.resolve("cut.pth");
        for (int part = 0; part < 20; part++) {
            Files.write(file, Arrays.copyOf(whole, part * whole.length / 20));
            // when, then
            assertThatThrownBy(() -> readAll(file))
                    .as("%d twentieths of the file", part)
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    @Test
    void weights_otherConfiguration_namesTheWeight() {
        // given
        Path file = StateDictFile.of(SMALL, 1).write(folder.resolve("a.pth"));
        PaperConfig preset = (PaperConfig) GeneratorConfig.preset("qwen2.5-0.5b-commonsense");
        // when, then
        try (OfficialStateDict state = OfficialStateDict.open(file)) {
            assertThatThrownBy(() -> state.weights(preset))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("model.decoder.module_list.0.linear1.bias")
                    .hasMessageContaining("[5, 7], expected [200, 300]");
        }
    }

    @Test
    void close_thenUse_isRefused() {
        Path file = StateDictFile.of(SMALL, 1).write(folder.resolve("a.pth"));
        OfficialStateDict state = OfficialStateDict.open(file);
        WeightSource weights = state.weights(SMALL);
        state.close();
        state.close();
        assertThatThrownBy(() -> weights.rows(LAYER + "linear2.bias", 0, 1)).isInstanceOf(IllegalStateException.class);
    }

    /** As the import does: configuration, then every weight. */
    private static void readAll(Path file) {
        try (OfficialStateDict state = OfficialStateDict.open(file)) {
            PaperConfig config = state.config();
            WeightSource weights = state.weights(config);
            config.weightShapes().forEach((name, shape) -> weights.rows(name, 0, shape.getFirst()));
        }
    }
}
