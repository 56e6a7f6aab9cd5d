package org.dndllm.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.NativeLlama;
import org.dndllm.lora.BaseShape;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** llama.cpp loads, tokenises with and decodes what we write. */
final class SyntheticBaseIT {
    private static final long SEED = 7;
    private static final int MERGE_SAMPLE = 2000;
    private static final List<String> TEXTS = List.of(
            "Hello, world!",
            "The quick brown fox jumps over the lazy dog; it's 12345.67 metres away.",
            "  leading, trailing  \n\n\tand\r\nmixed   spaces ",
            "Grüße aus Zürich — naïve café, Ωμέγα, привет мир",
            "你好，世界！今天天气怎么样？ 日本語のテキスト、한국어 문장",
            "emoji 🙂👩‍👩‍👧‍👦 and \u0000 control \u0007 chars",
            "for (int i = 0; i < n; i++) { sum += a[i] * b[i]; } // I'LL we've THEY'RE");

    @TempDir
    Path folder;

    @BeforeAll
    static void library() {
        NativeLlama.requireLibrary();
    }

    @ParameterizedTest
    @CsvSource({"F32, true", "F16, false", "BF16, true", "Q8_0, true", "Q8_0, false"})
    void write_tinyModel_loadsAndGivesSaneLogits(GgmlType type, boolean tied) {
        // given
        Path gguf = folder.resolve("tiny.gguf");
        BaseShape shape = new BaseShape("qwen2", 2, 64, 4, 2, 16, 160, 512, tied);
        SyntheticBase.write(gguf, shape, SyntheticVocabulary.train(TextSample.english(), 400), type, SEED, "tiny");

        // when
        try (NativeLlama llama = NativeLlama.open(gguf, false)) {
            float[] one = llama.logits(llama.tokenize("Once upon a time", false));
            float[] other = llama.logits(llama.tokenize("quite another text", false));

            // then
            assertThat(one).hasSize(512).doesNotContain(Float.NaN);
            assertThat(one).isNotEqualTo(other);
            // Unit size by design; the bounds only catch collapse and explosion.
            assertThat(deviation(one)).isBetween(0.2, 5.0);
        }
    }

    @Test
    void write_learnedVocabulary_roundTripsEveryText() {
        // given
        Path gguf = folder.resolve("tiny.gguf");
        BaseShape shape = new BaseShape("qwen2", 1, 32, 2, 1, 16, 32, 600, true);
        SyntheticVocabulary vocabulary = SyntheticVocabulary.train(TextSample.english(), 600);
        SyntheticBase.write(gguf, shape, vocabulary, GgmlType.F32, SEED, "tiny");

        // when
        try (NativeLlama llama = NativeLlama.open(gguf, true)) {
            // then
            assertThat(llama.vocabularySize()).isEqualTo(600);
            for (String text : TEXTS) {
                assertThat(llama.detokenize(llama.tokenize(text, false))).isEqualTo(text);
            }
            assertThat(llama.tokenize(SyntheticVocabulary.MESSAGE_END, true)).containsExactly(vocabulary.endOfTurn());
            assertThat(llama.tokenize(" the", false))
                    .containsExactly(vocabulary.tokens().indexOf("Ġthe"));
        }
    }

    @Test
    void write_realVocabulary_tokenisesItsOwnMerges() {
        // given
        SyntheticVocabulary vocabulary = SyntheticVocabulary.fromFolder(realFiles());
        Path gguf = folder.resolve("real.gguf");
        BaseShape shape = new BaseShape("qwen2", 1, 32, 2, 1, 16, 32, 151936, true);
        SyntheticBase.write(gguf, shape, vocabulary, GgmlType.Q8_0, SEED, "real vocabulary");
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < vocabulary.size(); id++) {
            ids.put(vocabulary.tokens().get(id), id);
        }

        // when
        List<String> wrong = new ArrayList<>();
        int single = 0;
        try (NativeLlama llama = NativeLlama.open(gguf, true)) {
            List<String> merges = new ArrayList<>(vocabulary.merges());
            Collections.shuffle(merges, new Random(SEED));
            for (String merge : merges.subList(0, MERGE_SAMPLE)) {
                String token = merge.replace(" ", "");
                String text = TextSample.decodeBytes(token);
                // Tokens that cut a character in half have no text of their own, and some are split by the
                // pre-tokeniser.
                if (text.indexOf('\ufffd') >= 0 || !TextSample.isOneWord(text)) {
                    continue;
                }
                single++;
                int[] found = llama.tokenize(text, false);
                if (found.length != 1 || found[0] != ids.get(token)) {
                    wrong.add(merge + " -> " + Arrays.toString(found) + ", expected " + ids.get(token));
                }
            }

            // then
            assertThat(wrong).as("seed %d", SEED).isEmpty();
            assertThat(single).isGreaterThan(MERGE_SAMPLE * 8 / 10);
            assertThat(llama.vocabularySize()).isEqualTo(151936);
            for (String text : TEXTS) {
                assertThat(llama.detokenize(llama.tokenize(text, false))).isEqualTo(text);
            }
            assertThat(llama.tokenize("<|im_start|>user\n", true)).containsExactly(151644, 872, 198);
        }
    }

    @Test
    void write_realVocabulary_metadataAsTheConverterWrites() {
        // given
        SyntheticVocabulary vocabulary = SyntheticVocabulary.fromFolder(realFiles());
        Path gguf = folder.resolve("real.gguf");
        BaseShape shape = new BaseShape("qwen2", 1, 32, 2, 1, 16, 32, 151936, true);

        // when
        SyntheticBase.write(gguf, shape, vocabulary, GgmlType.Q8_0, SEED, "real vocabulary");

        // then
        try (GgufFile file = GgufFile.open(gguf)) {
            assertThat(file.strings("tokenizer.ggml.tokens")).hasSize(151936).endsWith("[PAD151935]");
            assertThat(file.strings("tokenizer.ggml.merges")).hasSize(151387).startsWith("Ġ Ġ", "ĠĠ ĠĠ");
            assertThat(file.integer("tokenizer.ggml.eos_token_id")).isEqualTo(151645);
            assertThat(file.integer("tokenizer.ggml.bos_token_id")).isEqualTo(151643);
            assertThat(file.bool("dnd.synthetic")).isTrue();
            long[] types = file.integers("tokenizer.ggml.token_type");
            assertThat(new long[] {types[0], types[151643], types[151657], types[151659], types[151665]})
                    .containsExactly(1, 3, 4, 3, 5);
        }
    }

    private static Path realFiles() {
        Path files = Path.of(System.getProperty("dnd.root", "."), "../shared/data/qwen2.5");
        assumeTrue(Files.isDirectory(files), "no Qwen2.5 tokenizer files at " + files);
        return files;
    }

    private static double deviation(float[] values) {
        double mean = 0;
        double square = 0;
        for (float value : values) {
            mean += value / (double) values.length;
            square += (double) value * value / values.length;
        }
        return Math.sqrt(square - mean * mean);
    }
}
