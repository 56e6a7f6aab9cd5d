package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.ExternalData;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxRuntimeInfo;
import org.dndllm.onnx.Precision;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.onnx.SessionOptions.Provider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Generators with seeded random weights in other precisions, against themselves in float. */
class ReducedGeneratorIT {
    private static final long SEED = 17;
    private static final PaperConfig PAPER =
            GeneratorConfig.paper(5, new Stage(8, 24, 32), new Stage(32, 12, 20), new Stage(40, 6, 18));

    @TempDir
    Path folder;

    private final List<Long> progress = new ArrayList<>();

    private Path exported(GeneratorConfig config, WeightSource weights) {
        Path model = folder.resolve("generator.onnx");
        GeneratorGraph.build(config, weights).write(model, ExternalData.ALWAYS);
        return model;
    }

    private Path exported(PaperConfig config) {
        WeightSource random = GeneratorWeights.random(config, SEED);
        var moved = GeneratorFixtures.moved(config, random, SEED);
        return exported(config, WeightSource.of(moved::get));
    }

    private SessionOptions options(Precision precision) {
        LayoutCache cache = new LayoutCache(folder.resolve("layouts"), (target, done, total) -> progress.add(done));
        return SessionOptions.defaults().withThreads(1).withLayouts(cache).withPrecision(precision);
    }

    private float[] tokens(Path model, GeneratorConfig config, SessionOptions options) {
        float[] condition =
                GeneratorFixtures.normal(new Random(SEED), config.prompts() * config.textLength() * config.channels());
        boolean[] mask = new boolean[config.prompts() * config.textLength()];
        Arrays.fill(mask, true);
        try (LoraGenerator generator = LoraGenerator.open(model, config, options, "identity")) {
            return generator.generate(condition, mask);
        }
    }

    /** Norm of the difference over the norm of what is expected. */
    private static double relative(float[] expected, float[] actual) {
        double apart = 0;
        double all = 0;
        for (int i = 0; i < expected.length; i++) {
            apart += Math.pow(actual[i] - expected[i], 2);
            all += Math.pow(expected[i], 2);
        }
        return Math.sqrt(apart / all);
    }

    /** Bounds are two to four times what was seen; a form that forgets to round lies below the lower ones. */
    @ParameterizedTest
    @CsvSource({
        "F16,  1e-4, 3e-3, 0.55",
        "BF16, 1e-3, 2.5e-2, 0.55",
        "INT8, 1e-3, 2.5e-2, 0.35",
    })
    void open_paper_nearFloatAndSmallOnDisk(Precision precision, double least, double most, double size)
            throws IOException {
        Path model = exported(PAPER);
        float[] expected = tokens(model, PAPER, options(Precision.F32));

        float[] actual = tokens(model, PAPER, options(precision));

        assertThat(relative(expected, actual)).isBetween(least, most);
        Path data = data(precision);
        assertThat(Files.size(data)).isLessThan((long) (size * Files.size(folder.resolve("generator.onnx.data"))));
        if (precision != Precision.INT8) {
            assertThat(narrow(actual, precision))
                    .as("the last product's results")
                    .isEqualTo(actual);
        }
    }

    /** What rounding to a 16-bit type leaves of values. */
    private static float[] narrow(float[] values, Precision precision) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = precision == Precision.F16
                    ? Float.float16ToFloat(Float.floatToFloat16(values[i]))
                    : Float.intBitsToFloat(Float.floatToIntBits(values[i]) & 0xffff0000);
        }
        return rounded;
    }

    private Path data(Precision precision) throws IOException {
        try (Stream<Path> layouts = Files.list(folder.resolve("layouts"))) {
            return layouts.filter(layout -> layout.getFileName().toString().contains("-" + precision.label()))
                    .findFirst()
                    .orElseThrow()
                    .resolve("generator.onnx.data");
        }
    }

    @ParameterizedTest
    @CsvSource({"F16, 1e-5, 3e-3", "BF16, 1e-4, 2.5e-2", "INT8, 1e-4, 2.5e-2"})
    void open_compact_nearFloat(Precision precision, double least, double most) {
        BaseShape shape = new BaseShape("qwen2", 2, 32, 2, 1, 16, 64, 100, true);
        AdapterLayout layout = AdapterLayout.plain(shape, 4, 8, List.of(TargetModule.values()), 16);
        CompactConfig config = GeneratorConfig.compact(
                3,
                8,
                32,
                new Stage(8, 24, 32),
                new Stage(24, 4, 16),
                new Stage(layout.tokens(), layout.rows(), layout.columns()));
        var moved = GeneratorFixtures.moved(config, GeneratorWeights.random(config, layout, SEED), SEED);
        Path model = exported(config, WeightSource.of(moved::get));
        float[] expected = tokens(model, config, options(Precision.F32));

        assertThat(relative(expected, tokens(model, config, options(precision))))
                .isBetween(least, most);
    }

    @Test
    void open_again_takesWhatIsThere() {
        Path model = exported(PAPER);
        float[] first = tokens(model, PAPER, options(Precision.F16));
        assertThat(progress).isNotEmpty().isSorted();
        progress.clear();

        assertThat(tokens(model, PAPER, options(Precision.F16))).isEqualTo(first);
        assertThat(progress).isEmpty();
    }

    @Test
    void open_autoOnTheProcessor_isTheModelItself() {
        Path model = exported(PAPER);
        float[] expected = tokens(model, PAPER, options(Precision.F32));

        assertThat(tokens(model, PAPER, options(Precision.AUTO))).isEqualTo(expected);
        assertThat(progress).isEmpty();
    }

    @Test
    void open_providerAuto_settlesItBeforeAFormIsMade() {
        assumeThat(OnnxRuntimeInfo.providers()).as("a build without CUDA").doesNotContain("CUDAExecutionProvider");
        Path model = exported(PAPER);

        assertThat(tokens(model, PAPER, options(Precision.AUTO).withProvider(Provider.AUTO)))
                .isEqualTo(tokens(model, PAPER, options(Precision.F32)));
        assertThat(tokens(model, PAPER, options(Precision.INT8).withProvider(Provider.AUTO)))
                .isEqualTo(tokens(model, PAPER, options(Precision.INT8)));
    }

    /** The graph that CUDA gets, as far as the processor can run it: ONNX Runtime widens each operator itself. */
    @Test
    void build_forCuda_isAModelThatOnnxRuntimeTakes() {
        Path model = exported(PAPER);
        Path half = folder.resolve("half.onnx");
        ReducedGenerator.build(model, PAPER, Arithmetic.of(Precision.F16, Provider.CUDA), bytes -> {})
                .write(half);
        SessionOptions plain = SessionOptions.defaults();

        assertThat(relative(tokens(model, PAPER, plain), tokens(half, PAPER, plain)))
                .isBetween(1e-5, 3e-3);
    }

    @Test
    void open_withoutAPlace_refused() {
        Path model = exported(PAPER);
        SessionOptions nowhere = SessionOptions.defaults().withPrecision(Precision.INT8);
        assertThatThrownBy(() -> LoraGenerator.open(model, PAPER, nowhere, "identity"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("precision: is int8")
                .hasMessageContaining("layout cache");
    }
}
