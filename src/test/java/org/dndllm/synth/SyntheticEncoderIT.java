package org.dndllm.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.Sha256;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SyntheticEncoderIT {
    private static final List<String> CORPUS = List.of(
            "Turn the word around: stone",
            "Which number is larger, 17 or 71?",
            "Write the colours of the flag in order.",
            "Caf\u00e9 or na\u00efve: how many vowels?",
            "Add 5 to 12 and answer with one number.",
            "Is the sentence true? Snow is black.");

    @Test
    void write_sameSeed_sameBytes(@TempDir Path folder) throws IOException {
        BertConfig shape = SyntheticEncoder.nano(300, 64);
        SyntheticEncoder.write(folder.resolve("a"), shape, CORPUS, 7);
        SyntheticEncoder.write(folder.resolve("b"), shape, CORPUS, 7);
        SyntheticEncoder.write(folder.resolve("c"), shape, CORPUS, 8);
        for (String name : List.of("config.json", "vocab.txt", "tokenizer_config.json", "encoder.onnx")) {
            assertThat(Sha256.of(folder.resolve("b").resolve(name)))
                    .as(name)
                    .isEqualTo(Sha256.of(folder.resolve("a").resolve(name)));
        }
        assertThat(Sha256.of(folder.resolve("c/encoder.onnx")))
                .isNotEqualTo(Sha256.of(folder.resolve("a/encoder.onnx")));
        assertThat(Files.size(folder.resolve("a/encoder.onnx"))).isLessThan(6_000_000);
    }

    @Test
    void write_opened_tellsPromptsApart(@TempDir Path folder) {
        SyntheticEncoder.write(folder.resolve("encoder"), SyntheticEncoder.nano(300, 64), CORPUS, 7);
        try (SentenceEncoder encoder = SentenceEncoder.open(folder.resolve("encoder"), SessionOptions.defaults())) {
            Condition condition = encoder.encode(CORPUS, 32);
            ConditionStats stats = ConditionStats.of(condition);
            assertThat(stats.meanCosine()).isLessThan(0.9);
            assertThat(stats.collapsed()).isFalse();
            assertThat(stats.embeddingVariance()).isPositive();
            int[] ids = encoder.tokenizer().encode(String.join(" ", CORPUS));
            assertThat(ids).as("no [UNK] in the corpus itself").doesNotContain(1);
        }
    }

    @Test
    void vocabulary_startsWithSpecialTokensAndKeepsItsSize() {
        List<String> tokens = WordPieceVocabulary.of(CORPUS, 120);
        assertThat(tokens).startsWith("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
        assertThat(tokens).hasSize(120).doesNotHaveDuplicates().contains("number", "##s", "7", "?");
        assertThat(WordPieceVocabulary.of(CORPUS, 10)).hasSizeGreaterThan(10);
    }

    @Test
    void write_noCorpusOrExistingFolder_isRefused(@TempDir Path folder) {
        BertConfig shape = SyntheticEncoder.nano(300, 64);
        assertThatThrownBy(() -> SyntheticEncoder.write(folder.resolve("x"), shape, List.of(), 1))
                .isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> SyntheticEncoder.write(folder, shape, CORPUS, 1))
                .isInstanceOf(InvalidInputException.class);
        assertThat(folder.resolve("x")).doesNotExist();
    }
}
