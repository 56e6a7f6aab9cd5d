package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.SplitGguf;
import org.dndllm.lora.BaseShape;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A base model in several files computes what the same model in one file computes. */
class SplitModelIT {
    private static final int[] PROMPT = {5, 17, 3, 200, 41, 8};

    @TempDir
    Path folder;

    private Path whole;

    @BeforeEach
    void model() {
        whole = TinyModel.write(folder);
    }

    /** Logits without and with an adapter: [2, V]. */
    private static float[][] logits(Path gguf) {
        try (LlamaModel model = LlamaModel.open(gguf, ModelOptions.CPU);
                LlamaContext context = model.newContext(TinyModel.SMALL);
                LoraAdapter adapter = TinyModel.adapter(model, 3, "a")) {
            context.decode(PROMPT);
            float[] base = context.logits();
            context.attach(AdapterSet.of(adapter));
            context.decode(PROMPT);
            float[] adapted = context.logits();
            context.detach();
            return new float[][] {base, adapted};
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void open_parts_logitsBitIdenticalToTheWhole(int count) {
        float[][] expected = logits(whole);
        assertThat(expected[0]).isNotEqualTo(expected[1]);
        assertThat(logits(SplitGguf.of(whole, count).write(folder, "model").getFirst()))
                .isDeepEqualTo(expected);
    }

    @Test
    void open_firstPartWithoutTensors_logitsBitIdenticalToTheWhole() {
        Path first = SplitGguf.of(whole, 3)
                .withoutTensorsInFirst()
                .write(folder, "model")
                .getFirst();
        assertThat(logits(first)).isDeepEqualTo(logits(whole));
    }

    @Test
    void open_missingPart_namesItBeforeTheLibraryIsAsked() throws Exception {
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "model");
        Files.delete(parts.get(1));
        assertThatThrownBy(() -> LlamaModel.open(parts.getFirst(), ModelOptions.CPU))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(parts.get(1).toString())
                .hasMessageContaining("put all parts beside each other");
    }

    @Test
    void open_partOfAModelOfAnotherShape_namesTheTensor() {
        // given two models that are cut alike, with the same tensor names
        List<Path> parts = SplitGguf.of(whole, 2).write(folder, "model");
        Path wide = folder.resolve("wide.gguf");
        SyntheticBase.write(
                wide,
                new BaseShape("qwen2", 2, 64, 4, 2, 16, 160, 300, true),
                SyntheticVocabulary.train("the quick brown fox ".repeat(20), 280),
                GgmlType.F32,
                42,
                "wide");
        List<Path> others = SplitGguf.of(wide, 2).write(folder, "other");

        // when its second part stands beside our first
        assertThat(others.get(1).toFile().renameTo(parts.get(1).toFile())).isTrue();

        // then
        assertThatThrownBy(() -> LlamaModel.open(parts.getFirst(), ModelOptions.CPU))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(parts.getFirst().toString())
                .hasMessageContaining("ffn_");
    }

    @Test
    void open_middlePart_namesTheFirst() {
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "model");
        assertThatThrownBy(() -> LlamaModel.open(parts.get(1), ModelOptions.CPU))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("name its first part");
    }
}
