package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.onnx.SessionOptions.Optimization;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GeneratorLayoutIT {
    private static final PaperConfig CONFIG =
            GeneratorConfig.paper(9, new Stage(16, 24, 32), new Stage(32, 12, 20), new Stage(40, 6, 18));

    @TempDir
    Path folder;

    private final List<Long> progress = new ArrayList<>();

    @Test
    void of_aSplitGenerator_givesTheSameTokens() {
        // given: weights in several parts, as those of the largest layers are
        Path model = exported();
        float[] condition = GeneratorFixtures.normal(new Random(2), 16 * 24 * 32);
        boolean[] mask = new boolean[16 * 24];
        // when
        Path laidOut = layout().of(model, CONFIG, "identity");
        // then
        SessionOptions basic = SessionOptions.defaults().withOptimization(Optimization.BASIC);
        try (LoraGenerator plain = LoraGenerator.open(model, CONFIG, SessionOptions.defaults());
                LoraGenerator fast = LoraGenerator.open(laidOut, CONFIG, basic)) {
            float[] expected = plain.generate(condition, mask);
            double[] doubles = new double[expected.length];
            for (int i = 0; i < expected.length; i++) {
                doubles[i] = expected[i];
            }
            assertThat(GeneratorFixtures.relativeError(fast.generate(condition, mask), doubles))
                    .isLessThan(1e-5);
        }
        assertThat(progress).isNotEmpty().isSorted();
        assertThat(progress.getLast())
                .isEqualTo(progress.stream().max(Long::compare).orElseThrow());
    }

    @Test
    void of_aSecondTime_takesWhatIsThere() throws IOException {
        Path model = exported();
        Path laidOut = layout().of(model, CONFIG, "identity");
        FileTime written = Files.getLastModifiedTime(laidOut);
        progress.clear();

        assertThat(layout().of(model, CONFIG, "identity")).isEqualTo(laidOut);

        assertThat(Files.getLastModifiedTime(laidOut)).isEqualTo(written);
        assertThat(progress).isEmpty();
        assertThat(layout().of(model, CONFIG, "another")).isNotEqualTo(laidOut);
    }

    @Test
    void of_otherWeights_isRefusedAndLeavesNothing() throws IOException {
        PaperConfig other =
                GeneratorConfig.paper(9, new Stage(16, 24, 32), new Stage(32, 12, 20), new Stage(40, 6, 19));
        Path model = exported();

        assertThatThrownBy(() -> layout().of(model, other, "identity"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("linear1.bias")
                .hasMessageContaining("[6, 19]");

        assertThat(content(folder.resolve("layouts"))).isEmpty();
    }

    @Test
    void of_aCutDataFile_isRefusedAndLeavesNothing() throws IOException {
        Path model = exported();
        Path data = folder.resolve("generator.onnx.data");
        Files.write(data, java.util.Arrays.copyOf(Files.readAllBytes(data), 100_000));

        assertThatThrownBy(() -> layout().of(model, CONFIG, "identity"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("generator.onnx.data")
                .hasMessageContaining("ends before its last value");

        assertThat(content(folder.resolve("layouts"))).isEmpty();
    }

    @Test
    void of_aPlaceThatIsAFile_namesItAndTheWayOut() throws IOException {
        Path model = exported();
        Path file = Files.writeString(folder.resolve("layouts"), "");

        assertThatThrownBy(() -> layout().of(model, CONFIG, "identity"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("without the layout cache");
    }

    private GeneratorLayout layout() {
        return GeneratorLayout.in(
                new LayoutCache(folder.resolve("layouts"), (target, done, total) -> progress.add(done)));
    }

    private Path exported() {
        Path model = folder.resolve("generator.onnx");
        OnnxGraph graph = HyperConvGraph.build(
                CONFIG,
                GeneratorWeights.random(CONFIG, 1),
                (all, weights, kernel) -> new WholeConvolutions(all, weights, kernel, 100_000));
        graph.write(model, org.dndllm.onnx.ExternalData.ALWAYS);
        return model;
    }

    private static List<Path> content(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return List.of();
        }
        try (Stream<Path> content = Files.list(place)) {
            return content.toList();
        }
    }
}
