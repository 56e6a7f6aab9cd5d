package org.dndllm.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.Sha256;
import org.dndllm.lora.BaseShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SyntheticBaseTest {
    private static final BaseShape TINY = new BaseShape("qwen2", 2, 64, 4, 2, 16, 160, 512, true);
    private static final long SEED = 7;

    @TempDir
    Path folder;

    @Test
    void write_sameSeed_sameBytesOtherSeedOthers() {
        SyntheticVocabulary vocabulary = SyntheticVocabulary.train(TextSample.english(), 400);
        SyntheticBase.write(folder.resolve("a"), TINY, vocabulary, GgmlType.Q8_0, SEED, "tiny");
        SyntheticBase.write(folder.resolve("b"), TINY, vocabulary, GgmlType.Q8_0, SEED, "tiny");
        SyntheticBase.write(folder.resolve("c"), TINY, vocabulary, GgmlType.Q8_0, SEED + 1, "tiny");

        assertThat(Sha256.of(folder.resolve("a")))
                .isEqualTo(Sha256.of(folder.resolve("b")))
                .isNotEqualTo(Sha256.of(folder.resolve("c")));
    }

    @Test
    void writer_tiny_hasPublishedNamesShapesAndKeys() {
        try (Arena arena = Arena.ofShared()) {
            GgufFile file = GgufFile.of(writer(TINY, GgmlType.Q8_0).toMemory(arena), "<memory>");

            assertThat(file.tensors().stream().map(GgufTensor::name))
                    .hasSize(2 + 12 * 2)
                    .startsWith(
                            "token_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_q.bias")
                    .endsWith("blk.1.ffn_up.weight", "blk.1.ffn_down.weight", "output_norm.weight");
            assertThat(file.tensor("blk.1.attn_k.weight").orElseThrow().dims()).containsExactly(64L, 32L);
            assertThat(file.tensor("blk.1.ffn_down.weight").orElseThrow().dims())
                    .containsExactly(160L, 64L);
            assertThat(file.tensor("blk.1.ffn_down.weight").orElseThrow().type())
                    .isEqualTo(GgmlType.Q8_0);
            assertThat(file.tensor("blk.1.attn_k.bias").orElseThrow().type()).isEqualTo(GgmlType.F32);
            assertThat(file.string("general.architecture")).isEqualTo("qwen2");
            assertThat(file.integer("qwen2.attention.head_count_kv")).isEqualTo(2);
            assertThat(file.integer("general.file_type")).isEqualTo(7);
            assertThat(file.bool("dnd.synthetic")).isTrue();
            assertThat(file.string("general.description")).contains("Random weights");
        }
    }

    @Test
    void writer_untied_addsOutput() {
        BaseShape untied = new BaseShape("qwen2", 1, 64, 4, 2, 16, 160, 512, false);
        try (Arena arena = Arena.ofShared()) {
            GgufFile file = GgufFile.of(writer(untied, GgmlType.F16).toMemory(arena), "<memory>");

            assertThat(file.tensor("output.weight").orElseThrow().dims()).containsExactly(64L, 512L);
        }
    }

    @Test
    void writer_unfitShapes_areRefused() {
        BaseShape odd = new BaseShape("qwen2", 1, 60, 4, 2, 15, 160, 512, true);
        assertThatThrownBy(() -> writer(odd, GgmlType.Q8_0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("matrixType");
        assertThatThrownBy(() -> writer(odd, GgmlType.F16))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("headDim");
        assertThatThrownBy(() -> writer(TINY, GgmlType.Q4_0)).isInstanceOf(InvalidInputException.class);
        BaseShape small = new BaseShape("qwen2", 1, 64, 4, 2, 16, 160, 300, true);
        assertThatThrownBy(() -> writer(small, GgmlType.F16))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("more than the model's 300");
        BaseShape vision = new BaseShape("qwen2vl", 1, 64, 4, 2, 8, 160, 512, true);
        assertThatThrownBy(() -> writer(vision, GgmlType.F16)).hasMessageContainingAll("headDim", "multiple of 16");
    }

    @Test
    void numbers_anyStart_dependOnIndexAlone() {
        RandomTensor tensor = RandomTensor.of(SEED, "blk.0.attn_q.weight", GgmlType.F32, 0f, 1f);
        float[] whole = tensor.numbers(0, 1000);
        float[] part = tensor.numbers(900, 100);

        assertThat(part).isEqualTo(Arrays.copyOfRange(whole, 900, 1000));
        MemorySegment filled = MemorySegment.ofArray(new float[100_000]);
        tensor.fill(filled);
        assertThat(filled.getAtIndex(ValueLayout.JAVA_FLOAT, 99_999)).isEqualTo(tensor.numbers(99_999, 1)[0]);
    }

    @Test
    void numbers_manyDraws_haveMeanAndDeviation() {
        float[] numbers = RandomTensor.of(SEED, "x", GgmlType.F32, 3f, 0.5f).numbers(0, 1_000_000);

        double mean = 0;
        double square = 0;
        for (float number : numbers) {
            mean += number / 1e6;
            square += (number - 3) * (double) (number - 3) / 1e6;
        }
        // Five standard errors of a million draws.
        assertThat(mean).as("seed %d", SEED).isCloseTo(3, Offset.offset(5 * 0.5 / 1000));
        assertThat(Math.sqrt(square)).isCloseTo(0.5, Offset.offset(5 * 0.5 / 1400));
    }

    @Test
    void fromFolder_brokenFiles_nameTheFile() throws Exception {
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("vocab.json: file: does not exist");
        files("{\"a\": 0, \"b\": 0}", "a b", "{\"<|im_end|>\": 2}", "{}");
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder))
                .hasMessageContaining("vocab.json: b: id 0 is taken");
        files("{\"a\": 0, \"b\": 9}", "a b", "{\"<|im_end|>\": 2}", "{}");
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder))
                .hasMessageContaining("vocab.json: b: is not a token id");
        files("{\"a\": 0}", "a b c", "{\"<|im_end|>\": 1}", config());
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder)).hasMessageContaining("merges.txt: \"a b c\"");
        files("{\"a\": 0}", "a b", "{\"<|im_end|>\": 1}", config());
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder))
                .hasMessageContaining("<|endoftext|>: is missing");
        files("[1]", "a b", "{}", "{}");
        assertThatThrownBy(() -> SyntheticVocabulary.fromFolder(folder)).hasMessageContaining("is not a JSON object");
    }

    private void files(String vocab, String merges, String added, String config) throws Exception {
        for (List<String> file : List.of(
                List.of("vocab.json", vocab),
                List.of("merges.txt", merges),
                List.of("added_tokens.json", added),
                List.of("tokenizer_config.json", config))) {
            Files.writeString(folder.resolve(file.get(0)), file.get(1));
        }
    }

    private static String config() {
        return "{\"chat_template\": \"t\", \"added_tokens_decoder\": {\"1\": {\"special\": true}}}";
    }

    private static GgufWriter writer(BaseShape shape, GgmlType type) {
        return SyntheticBase.writer(shape, SyntheticVocabulary.train(TextSample.english(), 400), type, SEED, "tiny");
    }
}
