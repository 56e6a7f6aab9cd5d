package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.ChannelBlocks;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TiledConvolutionsIT {
    /** As for the plain graph; measured below 2e-6. */
    private static final double TOLERANCE = 1e-5;

    @TempDir
    Path folder;

    /** All small configurations, and one of realistic extents: with blocks and without, all tiled, some, none. */
    static Stream<Arguments> cases() {
        PaperConfig wide =
                GeneratorConfig.paper(9, new Stage(24, 40, 32), new Stage(40, 17, 50), new Stage(36, 10, 23));
        PaperConfig eleven = GeneratorConfig.paper(11, new Stage(5, 18, 20), new Stage(33, 16, 14));
        return Stream.concat(HyperConvGraphIT.configs(), Stream.of(wide, eleven))
                .flatMap(config -> Stream.of(ChannelBlocks.ofThisMachine(), ChannelBlocks.NONE)
                        .flatMap(blocks -> Stream.of(Long.MAX_VALUE, 2000L, 0L)
                                .map(mostTiled -> Arguments.of(config, blocks, mostTiled))));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void build_anyForm_agreesWithTheFormulas(PaperConfig config, ChannelBlocks blocks, long mostTiled) {
        // given
        long seed = 20261126;
        Map<String, TensorView> weights = HyperConvGraphIT.randomWeights(config, seed);
        float[] condition = GeneratorFixtures.normal(
                new Random(seed + 1), config.prompts() * config.textLength() * config.channels());
        Path model = folder.resolve("generator.onnx");
        // when
        HyperConvGraph.build(
                        config,
                        WeightSource.of(weights, "<test>"),
                        TiledConvolutions.of(blocks, mostTiled, bytes -> {}))
                .write(model);
        float[] tokens;
        try (LoraGenerator generator = LoraGenerator.open(model, config, SessionOptions.defaults())) {
            tokens = generator.generate(condition, new boolean[config.prompts() * config.textLength()]);
        }
        // then
        double[] expected = new HyperConvReference(config, weights).generate(condition);
        double error = GeneratorFixtures.relativeError(tokens, expected);
        assertThat(error).as("seed %d", seed).isLessThan(TOLERANCE);
    }
}
