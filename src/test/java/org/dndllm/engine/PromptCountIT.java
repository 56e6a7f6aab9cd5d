package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptCountIT {
    private static final SessionOptions OPTIONS = SessionOptions.defaults().withThreads(1);

    @TempDir
    Path folder;

    @Test
    void write_otherCount_isTheSameGeneratorWithAMeanOverOtherPrompts() {
        // given
        GeneratorBundle own = Nano.compactBundle(folder.resolve("own"));
        List<String> prompts = PromptReader.read(Nano.REVERSE).prompts().subList(0, own.prompts());
        List<String> twice = new ArrayList<>(prompts);
        twice.addAll(prompts);

        // when
        GeneratorBundle same = PromptCount.write(own, own.prompts(), folder.resolve("same"));
        GeneratorBundle doubled = PromptCount.write(own, 2 * own.prompts(), folder.resolve("doubled"));

        // then: the weights survive bit for bit, and the mean of everything twice is the mean
        assertThat(doubled.prompts()).isEqualTo(2 * own.prompts());
        assertThat(doubled.manifest().files()).doesNotContainKey(OutOfDistribution.FILE);
        float[][] expected = values(own, prompts);
        assertThat(values(same, prompts)).isDeepEqualTo(expected);
        float[][] found = values(doubled, twice);
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < expected[t].length; i++) {
                // BF16 rounds to 2^-8; float noise may fall on either side of a rounding border
                assertThat(found[t][i]).isCloseTo(expected[t][i], within(1e-5f + Math.abs(expected[t][i]) / 100));
            }
        }
        assertThat(Arrays.deepEquals(values(own, prompts.subList(0, 3)), expected))
                .as("other prompts give the same adapter")
                .isFalse();
    }

    private static float[][] values(GeneratorBundle bundle, List<String> prompts) {
        try (AdapterPipeline pipeline = AdapterPipeline.open(bundle, OPTIONS)) {
            PromptSet set = new PromptSet("<test>", prompts);
            return AdapterValues.values(
                    pipeline.generate(set, 1, "test", "0", Progress.NONE).weights());
        }
    }

    @Test
    void write_paperFamily_refused() {
        GeneratorBundle paper = GeneratorBundle.open(Nano.BUNDLE);

        assertThat(PromptCount.isFree(paper)).isFalse();
        assertThatThrownBy(() -> PromptCount.write(paper, 8, folder.resolve("paper")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("family")
                .hasMessageContaining("compact");
        assertThat(folder.resolve("paper")).doesNotExist();
    }
}
