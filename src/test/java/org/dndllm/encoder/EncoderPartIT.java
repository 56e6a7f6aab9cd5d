package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder inside a larger graph against the encoder by itself, on the tiny model (64 positions, 32 channels). */
class EncoderPartIT {
    private static final List<String> PROMPTS =
            List.of("what is the best source of heat?", "", "the moon and the sun", "heat and light ".repeat(30));

    @TempDir
    Path folder;

    @BeforeEach
    void bundle() throws IOException {
        Path tiny = Resources.path("tiny-bert");
        BertGraph.export(tiny, folder.resolve("encoder.onnx"));
        Files.copy(tiny.resolve("config.json"), folder.resolve("config.json"));
    }

    /** In one block of up to 64 positions, and over two blocks of which the second is empty for short prompts. */
    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void append_anyLength_givesTheConditionAndItsMeans(int length) {
        // given
        OnnxGraph graph = new OnnxGraph("test");
        EncoderPart.Values values =
                EncoderPart.append(graph, folder, PROMPTS.size(), length, Arithmetic.PLAIN, bytes -> {});
        graph.output(values.states(), OnnxType.FLOAT, 1, PROMPTS.size(), length, 32);
        graph.output(values.mask(), OnnxType.FLOAT, 1, PROMPTS.size(), length);
        graph.output(values.means(), OnnxType.FLOAT, PROMPTS.size(), 32);
        Path model = folder.resolve("whole.onnx");
        graph.write(model);
        try (SentenceEncoder encoder = SentenceEncoder.open(Resources.path("tiny-bert"), SessionOptions.defaults());
                OnnxSession session = OnnxSession.open(model, SessionOptions.defaults())) {
            Condition expected = encoder.encode(PROMPTS, length);
            // when
            Map<String, OnnxTensorValue> out =
                    session.run(EncoderPart.inputs(encoder.tokenizer().encode(PROMPTS, length)));
            // then
            assertThat(Errors.relative(out.get(values.states()).floats(), expected.states()))
                    .isLessThan(1e-6);
            float[] mask = out.get(values.mask()).floats();
            float[] means = out.get(values.means()).floats();
            for (int n = 0; n < PROMPTS.size(); n++) {
                for (int l = 0; l < length; l++) {
                    assertThat(mask[n * length + l]).isEqualTo(l < expected.tokenCounts()[n] ? 1f : 0f);
                }
                float[] mean = Arrays.copyOfRange(means, n * 32, (n + 1) * 32);
                assertThat(Errors.relative(mean, expected.promptMeans()[n])).isLessThan(1e-5);
            }
        }
    }

    @Test
    void append_lengthThatIsNoMultipleOrNoGraph_refused() throws IOException {
        assertThatThrownBy(
                        () -> EncoderPart.append(new OnnxGraph("test"), folder, 2, 100, Arithmetic.PLAIN, bytes -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("64");
        Files.delete(folder.resolve("encoder.onnx"));
        assertThatThrownBy(
                        () -> EncoderPart.append(new OnnxGraph("test"), folder, 2, 32, Arithmetic.PLAIN, bytes -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("encoder.onnx");
    }
}
