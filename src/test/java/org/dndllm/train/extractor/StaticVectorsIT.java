package org.dndllm.train.extractor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.EncoderPart;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaticVectorsIT {
    private static final List<String> VOCABULARY = List.of(
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "pan", "pot", "fish", "boat", "the", "burns", "swims");
    private static final List<String> TEXT =
            List.of("the pan burns", "the pot burns", "the fish swims", "the boat swims", "pan burns", "fish swims");
    private static final int FIRST = 5;
    private static final int WIDTH = 4;

    @TempDir
    Path folder;

    private Path words;

    @BeforeEach
    void vocabulary() throws IOException {
        words = Files.createDirectory(folder.resolve("words"));
        Files.writeString(words.resolve("vocab.txt"), String.join("\n", VOCABULARY) + "\n");
        Files.writeString(words.resolve("tokenizer_config.json"), "{\"do_lower_case\": true}");
    }

    private Path write(String name, int width) {
        Path target = folder.resolve(name);
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(words)) {
            StaticVectors.write(tokenizer, words, FIRST, TEXT.iterator(), width, 16, target, false);
        }
        return target;
    }

    private float[] table(int width) {
        Cooccurrences counts = new Cooccurrences(VOCABULARY.size(), FIRST);
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(words)) {
            counts.count(TEXT.stream().map(tokenizer::encode).iterator());
        }
        return StaticVectors.vectors(counts.positiveInformation(), width);
    }

    @Test
    void states_everyToken_areItsVectorWhateverStandsAround() {
        float[] table = table(WIDTH);
        try (SentenceEncoder encoder = SentenceEncoder.open(write("vectors", WIDTH), SessionOptions.defaults())) {
            Condition condition = encoder.encode(List.of("the pan swims", "boat pan"), 8);

            assertThat(condition.width()).isEqualTo(WIDTH);
            assertThat(condition.state(0, 2)).isEqualTo(Arrays.copyOfRange(table, 5 * WIDTH, 6 * WIDTH)); // pan
            assertThat(condition.state(1, 2)).isEqualTo(condition.state(0, 2));
            assertThat(condition.state(0, 0)).isEqualTo(new float[WIDTH]); // [CLS]
            assertThat(condition.state(1, 7)).isEqualTo(new float[WIDTH]); // padding
            // words of the same company lie together
            float[][] pooled = encoder.embed(List.of("pan", "pot", "fish"));
            assertThat(cosine(pooled[0], pooled[1])).isGreaterThan(cosine(pooled[0], pooled[2]) + 0.3);
        }
    }

    @Test
    void write_again_sameBytes() throws IOException {
        assertThat(Files.readAllBytes(write("one", WIDTH).resolve("encoder.onnx")))
                .isEqualTo(Files.readAllBytes(write("two", WIDTH).resolve("encoder.onnx")));
    }

    /** As in a bundle's fused graph. */
    @Test
    void graph_asThePartOfAnother_givesTheSameStates() {
        Path vectors = write("vectors", WIDTH);
        OnnxGraph graph = new OnnxGraph("test");
        EncoderPart.Values values = EncoderPart.append(graph, vectors, 2, 8, Arithmetic.PLAIN, bytes -> {});
        graph.output(values.states(), OnnxType.FLOAT, 1, 2, 8, WIDTH);
        Path whole = folder.resolve("whole.onnx");
        graph.write(whole);
        List<String> prompts = List.of("the pan swims", "boat");
        try (SentenceEncoder encoder = SentenceEncoder.open(vectors, SessionOptions.defaults());
                OnnxSession session = OnnxSession.open(whole, SessionOptions.defaults())) {
            Map<String, OnnxTensorValue> out =
                    session.run(EncoderPart.inputs(encoder.tokenizer().encode(prompts, 8)));

            assertThat(out.get(values.states()).floats())
                    .isEqualTo(encoder.encode(prompts, 8).states());
        }
    }

    @Test
    void write_widerThanTheVocabulary_refused() {
        assertThatThrownBy(() -> write("vectors", 13))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("vocabulary")
                .hasMessageContaining("12 tokens");
        assertThat(folder.resolve("vectors")).doesNotExist();
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
