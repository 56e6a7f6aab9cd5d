package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Ids against the reference (src/test/resources/encoder/README.md says how the golden numbers were made). */
final class WordPieceTokenizerIT {
    private static EncoderTokenizer tokenizer;

    @BeforeAll
    static void open() {
        tokenizer = EncoderTokenizer.open(Resources.path("vocab.txt"));
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @TestFactory
    List<DynamicTest> encode_hardStrings_equalReference() {
        List<JsonValue.Obj> items =
                Resources.json("wordpiece-ids.json").array("items").objects();
        assertThat(items).hasSizeGreaterThanOrEqualTo(200);
        return items.stream()
                .map(item -> DynamicTest.dynamicTest(
                        label(item.string("text")),
                        () -> assertThat(tokenizer.encode(item.string("text")))
                                .as("ids of %s", label(item.string("text")))
                                .containsExactly(ids(item))))
                .toList();
    }

    @TestFactory
    List<DynamicTest> encode_veryLongText_equalsReference() {
        return Resources.json("wordpiece-ids.json").array("long").objects().stream()
                .map(item -> DynamicTest.dynamicTest(label(item.string("text")), () -> {
                    String text = item.string("text").repeat(item.int32("repeat"));
                    int[] ids = tokenizer.encode(text);
                    assertThat(ids).hasSize(item.int32("count"));
                    assertThat(Sha256.of(littleEndian(ids))).isEqualTo(item.string("sha256"));
                }))
                .toList();
    }

    @Test
    void encode_truncated_keepsClsAndSep() {
        // given a text of more tokens than fit
        int[] all = tokenizer.encode("one two three four five six");
        // when
        int[] cut = tokenizer.encode("one two three four five six", 5);
        // then
        assertThat(cut).containsExactly(all[0], all[1], all[2], all[3], all[all.length - 1]);
        assertThat(cut[0]).isEqualTo(101);
        assertThat(cut[4]).isEqualTo(102);
    }

    @Test
    void encode_batch_padsOnTheRightWithMask() {
        TokenBatch batch = tokenizer.encode(List.of("hello world", ""), 6);
        assertThat(batch.ids()).containsExactly(101, 7592, 2088, 102, 0, 0, 101, 102, 0, 0, 0, 0);
        assertThat(batch.mask()).containsExactly(1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0);
        assertThat(batch.tokenCount(0)).isEqualTo(4);
        assertThat(batch.tokenCount(1)).isEqualTo(2);
    }

    @Test
    void encode_lengthBelowThree_isRefused() {
        assertThatThrownBy(() -> tokenizer.encode("a", 2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void encode_loneSurrogates_countAsReplacementCharacter() {
        int[] expected = tokenizer.encode("a\ufffdb \ufffd c \ud83d\ude00");
        assertThat(tokenizer.encode("a\ud800b \udc00 c \ud83d\ude00")).containsExactly(expected);
        assertThat(tokenizer.encode("\ud800")).containsExactly(101, 102);
        assertThat(tokenizer.encode("\udc00\ud800")).containsExactly(101, 102);
    }

    @Test
    void open_tokenizerJsonWithTruncationAndPadding_ignoresBoth(@TempDir Path folder) throws IOException {
        // given the file of all-MiniLM: truncation to 128, padding to 128
        String json = VocabularyFile.read(Resources.path("vocab.txt"))
                .definition()
                .json()
                .replaceFirst("\\{", """
                        {"truncation":{"max_length":128,"strategy":"LongestFirst","stride":0},
                        "padding":{"strategy":{"Fixed":128},"direction":"Right","pad_to_multiple_of":null,
                        "pad_id":0,"pad_type_id":0,"pad_token":"[PAD]"},""");
        Path file = Files.writeString(folder.resolve("tokenizer.json"), json);
        try (EncoderTokenizer fromJson = EncoderTokenizer.open(folder)) {
            // when, then
            assertThat(fromJson.encode("hello")).containsExactly(101, 7592, 102);
            assertThat(fromJson.encode("hello ".repeat(300))).hasSize(302);
            assertThat(fromJson.vocabularySize()).isEqualTo(30522);
            assertThat(file).exists();
        }
    }

    @Test
    void open_casedConfiguration_keepsCaseAndAccents(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nCaf\u00e9\ncafe\n");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": false}");
        try (EncoderTokenizer cased = EncoderTokenizer.open(folder)) {
            assertThat(cased.encode("Caf\u00e9 cafe CAFE")).containsExactly(2, 4, 5, 1, 3);
        }
    }

    @Test
    void encode_manyThreads_agree() throws Exception {
        String text = "Which gas do plants take in during photosynthesis?";
        int[] expected = tokenizer.encode(text);
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Callable<Boolean> work = () -> {
                for (int i = 0; i < 200; i++) {
                    if (!java.util.Arrays.equals(expected, tokenizer.encode(text))) {
                        return false;
                    }
                }
                return true;
            };
            for (Future<Boolean> agreed : threads.invokeAll(List.of(work, work, work, work))) {
                assertThat(agreed.get()).isTrue();
            }
        }
    }

    @Test
    void encode_afterClose_isRefused() {
        EncoderTokenizer closed = EncoderTokenizer.open(Resources.path("vocab.txt"));
        closed.close();
        closed.close();
        assertThatIllegalStateException().isThrownBy(() -> closed.encode("x")).withMessageContaining("closed");
    }

    private static int[] ids(JsonValue.Obj item) {
        return item.array("ids").integers().stream().mapToInt(Long::intValue).toArray();
    }

    private static byte[] littleEndian(int[] ids) {
        ByteBuffer bytes = ByteBuffer.allocate(ids.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        return bytes.array();
    }

    private static String label(String text) {
        StringBuilder shown = new StringBuilder("'");
        text.chars()
                .limit(30)
                .forEach(c ->
                        shown.append(c >= 0x20 && c < 0x7f ? String.valueOf((char) c) : String.format("\\u%04x", c)));
        return shown.append("' (").append(text.length()).append(" chars)").toString();
    }
}
