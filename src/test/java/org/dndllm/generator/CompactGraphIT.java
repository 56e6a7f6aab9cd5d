package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CompactGraphIT {
    /** float32 against double. */
    private static final double TOLERANCE = 1e-5;

    private static final long SEED = 4101;

    /** Widths 8 and 12; rank 3 and chunk 4 give 2 + 2 + 3 + 2 tokens a layer for q and down. */
    private static final BaseShape BASE = new BaseShape(BaseShape.QWEN2, 2, 8, 2, 1, 4, 12, 16, true);

    private static final AdapterLayout LAYOUT =
            AdapterLayout.plain(BASE, 3, 6, List.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ), 4);
    private static final Stage TOKENS = new Stage(LAYOUT.tokens(), 3, 4);

    @TempDir
    Path folder;

    static Stream<CompactConfig> configs() {
        Stage condition = new Stage(4, 6, 5);
        return Stream.of(
                GeneratorConfig.compact(3, 4, 7, condition, new Stage(6, 2, 5), new Stage(9, 3, 4), TOKENS),
                GeneratorConfig.compact(5, 3, 8, condition, new Stage(6, 2, 5), new Stage(6, 2, 5), TOKENS),
                GeneratorConfig.compact(1, 1, 1, new Stage(1, 1, 2), TOKENS),
                GeneratorConfig.compact(3, TOKENS.n(), 9, condition, TOKENS, TOKENS),
                GeneratorConfig.compact(3, 5, 4, condition, new Stage(5, 1, 4), new Stage(7, 1, 6), TOKENS));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void export_smallStages_agreesWithTheFormulas(CompactConfig config) {
        // given
        Map<String, TensorView> weights = weights(config);
        float[] condition = condition(config);
        boolean[] mask = mask(config);
        // when
        float[] tokens = generate(config, condition, mask);
        // then
        double[] expected = new CompactReference(config, weights).generate(condition, mask);
        assertThat(GeneratorFixtures.relativeError(tokens, expected))
                .as("seed %d", SEED)
                .isLessThan(TOLERANCE);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void generate_permutedPrompts_givesTheSameTokens(CompactConfig config) {
        // given: the prompts in reverse
        float[] condition = condition(config);
        boolean[] mask = mask(config);
        float[] turnedCondition = new float[condition.length];
        boolean[] turnedMask = new boolean[mask.length];
        int positions = config.textLength();
        int values = positions * config.channels();
        for (int n = 0; n < config.prompts(); n++) {
            int other = config.prompts() - 1 - n;
            System.arraycopy(condition, n * values, turnedCondition, other * values, values);
            System.arraycopy(mask, n * positions, turnedMask, other * positions, positions);
        }
        // when
        float[] tokens = generate(config, condition, mask);
        float[] turned = generate(config, turnedCondition, turnedMask);
        // then: only the order of a sum of N doubles differs
        assertThat(GeneratorFixtures.relativeError(turned, GeneratorFixtures.doubles(tokens)))
                .isLessThan(1e-6);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void generate_garbageInPadding_changesNothing(CompactConfig config) {
        // given
        float[] condition = condition(config);
        boolean[] mask = mask(config);
        float[] garbage = condition.clone();
        Random random = new Random(SEED + 9);
        for (int i = 0; i < garbage.length; i++) {
            garbage[i] = mask[i / config.channels()] ? garbage[i] : 1e6f * (float) random.nextGaussian();
        }
        // then: to the bit
        assertThat(generate(config, garbage, mask)).isEqualTo(generate(config, condition, mask));
    }

    @Test
    void generate_otherRealToken_changesTheTokens() {
        // given
        CompactConfig config = configs().findFirst().orElseThrow();
        float[] condition = condition(config);
        boolean[] mask = mask(config);
        float[] tokens = generate(config, condition, mask);
        // when
        condition[0] += 1;
        // then
        assertThat(generate(config, condition, mask)).isNotEqualTo(tokens);
    }

    @Test
    void export_any_isAModelOfTheSpecification() throws IOException {
        // given
        CompactConfig config = configs().findFirst().orElseThrow();
        Path model = folder.resolve("generator.onnx");
        // when
        GeneratorGraph.export(config, GeneratorWeights.random(config, LAYOUT, SEED), model);
        OnnxMl.ModelProto proto = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(model));
        // then
        assertThat(proto.getIrVersion()).isEqualTo(10);
        assertThat(proto.getOpsetImport(0).getVersion()).isEqualTo(21);
        assertThat(proto.getGraph().getInputList())
                .extracting(OnnxMl.ValueInfoProto::getName)
                .containsExactly("condition", "mask");
        assertThat(proto.getGraph().getOutputList())
                .extracting(OnnxMl.ValueInfoProto::getName)
                .containsExactly("tokens");
        assertThat(proto.getGraph().getInitializerList())
                .extracting(OnnxMl.TensorProto::getName)
                .containsAll(config.weightShapes().keySet());
    }

    @Test
    void open_paperBundle_isRefusedForTheMask() {
        // given: the same condition and tokens in the other family
        CompactConfig config = configs().findFirst().orElseThrow();
        PaperConfig paper = GeneratorConfig.paper(3, config.stages().getFirst(), config.tokens());
        Path model = folder.resolve("generator.onnx");
        GeneratorGraph.export(paper, GeneratorWeights.random(paper, 1), model);
        // then
        assertThatThrownBy(() -> LoraGenerator.open(model, config, SessionOptions.defaults()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("generator.onnx")
                .hasMessageContaining("mask");
    }

    @Test
    void generate_promptWithoutRealToken_isRefused() {
        CompactConfig config = configs().findFirst().orElseThrow();
        boolean[] mask = mask(config);
        Arrays.fill(mask, 6, 12, false);
        assertThatThrownBy(() -> generate(config, condition(config), mask))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prompt 1 ");
    }

    @Test
    void export_wrongShape_namesTheWeight() {
        CompactConfig config = configs().findFirst().orElseThrow();
        CompactConfig wider = GeneratorConfig.compact(3, 4, 8, config.stages().toArray(Stage[]::new));
        assertThatThrownBy(() -> GeneratorGraph.export(
                        wider, GeneratorWeights.random(config, LAYOUT, SEED), folder.resolve("never.onnx")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("reader.value.weight")
                .hasMessageContaining("[8, 5]");
    }

    private float[] generate(CompactConfig config, float[] condition, boolean[] mask) {
        Path model = folder.resolve("generator.onnx");
        GeneratorGraph.export(config, WeightSource.of(weights(config), "<test>"), model);
        try (LoraGenerator generator = LoraGenerator.open(model, config, SessionOptions.defaults())) {
            return generator.generate(condition, mask);
        }
    }

    private static Map<String, TensorView> weights(CompactConfig config) {
        return GeneratorFixtures.moved(config, GeneratorWeights.random(config, LAYOUT, SEED), SEED);
    }

    private static float[] condition(GeneratorConfig config) {
        return GeneratorFixtures.normal(
                new Random(SEED + 1), config.prompts() * config.textLength() * config.channels());
    }

    /** Prompts of different lengths: real tokens first, at least one, the first prompt full. */
    private static boolean[] mask(GeneratorConfig config) {
        int length = config.textLength();
        boolean[] mask = new boolean[config.prompts() * length];
        for (int n = 0; n < config.prompts(); n++) {
            Arrays.fill(mask, n * length, (n + 1) * length - (length - 1) * n / config.prompts(), true);
        }
        return mask;
    }
}
