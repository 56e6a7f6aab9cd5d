package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HyperConvGraphIT {
    /** float32 sums of a few thousand terms against double; measured below 1e-6. */
    private static final double TOLERANCE = 1e-5;

    @TempDir
    Path folder;

    static Stream<PaperConfig> configs() {
        return Stream.of(
                GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7), new Stage(6, 4, 9)),
                GeneratorConfig.paper(5, new Stage(4, 7, 5), new Stage(4, 7, 5), new Stage(5, 3, 4)),
                GeneratorConfig.paper(9, new Stage(5, 12, 8), new Stage(8, 6, 10)),
                GeneratorConfig.paper(4, new Stage(3, 6, 8), new Stage(4, 5, 6)),
                GeneratorConfig.paper(2, new Stage(1, 1, 1), new Stage(2, 3, 4)),
                GeneratorConfig.paper(1, new Stage(2, 3, 4), new Stage(2, 3, 4)),
                GeneratorConfig.superLarge(10, 3, new Stage(2, 6, 5), new Stage(4, 5, 7)),
                GeneratorConfig.superLarge(4, 5, new Stage(3, 9, 4), new Stage(5, 4, 6)));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void export_smallStages_agreesWithTheFormulas(PaperConfig config) {
        // given
        long seed = 20250616;
        Map<String, TensorView> weights = randomWeights(config, seed);
        float[] condition = GeneratorFixtures.normal(
                new Random(seed + 1), config.prompts() * config.textLength() * config.channels());
        Path model = folder.resolve("generator.onnx");
        // when
        GeneratorGraph.export(config, WeightSource.of(weights, "<test>"), model);
        float[] tokens;
        try (LoraGenerator generator = LoraGenerator.open(model, config, SessionOptions.defaults())) {
            tokens = generator.generate(condition, new boolean[config.prompts() * config.textLength()]);
        }
        // then
        double[] expected = new HyperConvReference(config, weights).generate(condition);
        assertThat(GeneratorFixtures.relativeError(tokens, expected))
                .as("seed %d", seed)
                .isLessThan(TOLERANCE);
    }

    @Test
    void build_splitLayerwise_givesTheSameNumbers() {
        // given: a limit of 300 bytes splits every layerwise convolution into several parts of uneven size
        PaperConfig config = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(7, 5, 7), new Stage(11, 4, 9));
        WeightSource weights = GeneratorWeights.random(config, 5);
        Path whole = folder.resolve("whole.onnx");
        Path split = folder.resolve("split.onnx");
        float[] condition = GeneratorFixtures.normal(new Random(6), 3 * 6 * 8);
        // when
        HyperConvGraph.build(config, weights).write(whole);
        HyperConvGraph.build(config, weights, (graph, all, kernel) -> new WholeConvolutions(graph, all, kernel, 300))
                .write(split);
        // then
        double[] expected = new double[11 * 4 * 9];
        float[] wholeTokens = run(whole, config, condition);
        for (int i = 0; i < expected.length; i++) {
            expected[i] = wholeTokens[i];
        }
        assertThat(split).isRegularFile();
        assertThat(GeneratorFixtures.relativeError(run(split, config, condition), expected))
                .isLessThan(TOLERANCE);
    }

    private static float[] run(Path model, PaperConfig config, float[] condition) {
        try (LoraGenerator generator = LoraGenerator.open(model, config, SessionOptions.defaults())) {
            return generator.generate(condition, new boolean[config.prompts() * config.textLength()]);
        }
    }

    static Stream<Arguments> official() {
        return Stream.of(
                Arguments.of("decoder", configs("decoder")),
                Arguments.of("superlarge", configs("superlarge")),
                Arguments.of("kernel9", configs("kernel9")));
    }

    private static PaperConfig configs(String golden) {
        return switch (golden) {
            case "decoder" ->
                GeneratorConfig.paper(
                        5, new Stage(3, 6, 8), new Stage(4, 5, 7), new Stage(4, 5, 7), new Stage(6, 4, 9));
            case "superlarge" ->
                GeneratorConfig.superLarge(10, 4, new Stage(2, 6, 5), new Stage(3, 4, 6), new Stage(5, 4, 7));
            default -> GeneratorConfig.paper(9, new Stage(4, 12, 8), new Stage(6, 10, 8), new Stage(9, 5, 10));
        };
    }

    /** Golden numbers of the official PyTorch code; src/test/resources/generator/README.md says how they were made. */
    @ParameterizedTest
    @MethodSource("official")
    void export_officialWeights_givesTheOfficialTokens(String prefix, PaperConfig config) {
        // given
        try (SafetensorsFile golden = SafetensorsFile.open(resource("/generator/hyperconv.safetensors"))) {
            Path model = folder.resolve(prefix + ".onnx");
            TensorView condition = golden.tensor(prefix + ".condition");
            TensorView expected = golden.tensor(prefix + ".tokens");
            // when
            GeneratorGraph.export(config, WeightSource.of(name -> golden.tensor(prefix + "." + name)), model);
            OnnxTensorValue tokens;
            try (OnnxSession session = OnnxSession.open(model, SessionOptions.defaults())) {
                OnnxTensorValue input = new OnnxTensorValue.Floats(condition.toFloats(), condition.shape());
                tokens = Objects.requireNonNull(
                        session.run(Map.of("condition", input)).get("tokens"));
            }
            // then: two float32 implementations; measured at most 2.0e-6
            float[] official = expected.toFloats();
            double[] doubles = new double[official.length];
            for (int i = 0; i < official.length; i++) {
                doubles[i] = official[i];
            }
            assertThat(tokens.shape()).isEqualTo(expected.shape());
            assertThat(GeneratorFixtures.relativeError(tokens.floats(), doubles))
                    .isLessThan(TOLERANCE);
        }
    }

    @Test
    void export_wrongShape_namesTheWeight() {
        // given
        PaperConfig trained = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7));
        PaperConfig other = GeneratorConfig.paper(5, new Stage(3, 6, 8), new Stage(4, 5, 7));
        Path model = folder.resolve("never.onnx");
        // then
        assertThatThrownBy(() -> GeneratorGraph.export(other, GeneratorWeights.random(trained, 1), model))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("conv1w.weight")
                .hasMessageContaining("[7, 8, 3, 3]")
                .hasMessageContaining("[7, 8, 5, 5]");
        assertThat(model).doesNotExist();
    }

    @Test
    void export_missingWeight_namesFileAndWeight() {
        // given
        PaperConfig config = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7));
        Map<String, TensorView> weights = randomWeights(config, 1);
        weights.remove("model.decoder.module_list.0.linear2.bias");
        // then
        assertThatThrownBy(() -> GeneratorGraph.export(
                        config, WeightSource.of(weights, "trained.pth"), folder.resolve("never.onnx")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith("trained.pth")
                .hasMessageContaining("linear2.bias");
    }

    @Test
    void export_halfPrecisionWeights_areWidened() {
        // given: weights as a bf16 checkpoint holds them, and the same values in float
        PaperConfig config = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7));
        Map<String, TensorView> half = new LinkedHashMap<>();
        Map<String, TensorView> wide = new LinkedHashMap<>();
        randomWeights(config, 2).forEach((name, tensor) -> {
            half.put(name, TensorView.ofFloats(name, DType.BF16, tensor.shape(), tensor.toFloats()));
            wide.put(
                    name,
                    TensorView.ofFloats(name, tensor.shape(), half.get(name).toFloats()));
        });
        // then
        assertThat(HyperConvGraph.build(config, WeightSource.of(half, "half")).toBytes())
                .isEqualTo(HyperConvGraph.build(config, WeightSource.of(wide, "wide"))
                        .toBytes());
    }

    @Test
    void open_otherConfiguration_isRefused() {
        // given
        PaperConfig config = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7));
        PaperConfig other = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 9));
        Path model = folder.resolve("generator.onnx");
        GeneratorGraph.export(config, GeneratorWeights.random(config, 1), model);
        // then
        assertThatThrownBy(() -> LoraGenerator.open(model, other, SessionOptions.defaults()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("generator.onnx")
                .hasMessageContaining("[1, 4, 5, 9]");
    }

    @Test
    void generate_wrongLengthOrClosed_isRefused() {
        // given
        PaperConfig config = GeneratorConfig.paper(3, new Stage(3, 6, 8), new Stage(4, 5, 7));
        Path model = folder.resolve("generator.onnx");
        GeneratorGraph.export(config, GeneratorWeights.random(config, 1), model);
        LoraGenerator generator = LoraGenerator.open(model, config, SessionOptions.defaults());
        // then
        assertThatThrownBy(() -> generator.generate(new float[143], new boolean[18]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("144");
        assertThatThrownBy(() -> generator.generate(new float[144], new boolean[17]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("mask of 17");
        generator.close();
        generator.close();
        assertThatThrownBy(() -> generator.generate(new float[144], new boolean[18]))
                .isInstanceOf(IllegalStateException.class);
    }

    static Map<String, TensorView> randomWeights(PaperConfig config, long seed) {
        return GeneratorFixtures.moved(config, GeneratorWeights.random(config, seed), seed);
    }

    private static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(HyperConvGraphIT.class.getResource(name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
