package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PromptReaderTest {
    @TempDir
    Path folder;

    static Stream<Arguments> wellFormed() {
        return Stream.of(
                Arguments.of(
                        "official.json",
                        "[{\"prompt\":\"a\",\"response\":\"[A]\",\"system\":\"s\"},{\"prompt\":\"b\"}]"),
                Arguments.of("strings.json", "[\"a\",\"b\"]"),
                Arguments.of("bom.json", "\uFEFF[\"a\",\"b\"]"),
                Arguments.of(
                        "vision.json",
                        "[{\"conversations\":[{\"value\":\"a\"}]},{\"conversations\":[{\"value\":\"b\"}]}]"),
                Arguments.of("lines.jsonl", "{\"question\":\"a\"}\n\n\"b\"\r\n"),
                Arguments.of("table.csv", "id,prompt\n1,a\n2,b\n"),
                Arguments.of("one-column.csv", "q\na\nb\n"),
                Arguments.of("table.tsv", "question\tanswer\na\t1\nb\t2\n"),
                Arguments.of("plain.txt", "a\n\n  \nb\n"),
                Arguments.of("no-extension", "a\r\nb"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wellFormed")
    void read_everyFormat_givesPromptsInOrder(String name, String content) throws IOException {
        PromptSet set = PromptReader.read(file(name, content));

        assertThat(set.prompts()).containsExactly("a", "b");
    }

    @Test
    void read_csvWithQuotesAndNewlines_keepsThem() throws IOException {
        PromptSet set = PromptReader.read(file("q.csv", "prompt\n\"a, \"\"quoted\"\"\nsecond line\"\n"));

        assertThat(set.prompts()).containsExactly("a, \"quoted\"\nsecond line");
    }

    @Test
    void read_namedColumn_isUsed() throws IOException {
        Path csv = file("c.csv", "prompt,other\nx,y\n");

        assertThat(PromptReader.read(csv, PromptFormat.AUTO, Optional.of("other"))
                        .prompts())
                .containsExactly("y");
    }

    @Test
    void read_standardInput_isSniffed() {
        assertThat(stream("[\"a\"]").prompts()).containsExactly("a");
        assertThat(stream("{\"prompt\":\"a\"}\n{\"prompt\":\"b\"}").prompts()).containsExactly("a", "b");
        assertThat(stream("one\ntwo").prompts()).containsExactly("one", "two");
    }

    @Test
    void read_tenThousandPromptsAndAVeryLongOne_areAccepted() throws IOException {
        String many = "line\n".repeat(10_000);
        String wide = "x".repeat(100_000);

        assertThat(PromptReader.read(file("many.txt", many)).size()).isEqualTo(10_000);
        assertThat(PromptReader.read(file("wide.txt", wide)).prompts()).containsExactly(wide);
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                Arguments.of("empty.json", "", "top level"),
                Arguments.of("empty.jsonl", "", "no prompt"),
                Arguments.of("empty.csv", "", "none of"),
                Arguments.of("header-only.csv", "prompt\n", "no prompt"),
                Arguments.of("empty.txt", "", "no prompt"),
                Arguments.of("blank.txt", " \n\t\n", "no prompt"),
                Arguments.of("empty-list.json", "[]", "no prompt"),
                Arguments.of("object.json", "{\"prompt\":\"a\"}", "top level"),
                Arguments.of("number.json", "3", "top level"),
                Arguments.of("cut.json", "[{\"prompt\":\"a\"},{\"pro", "line 1"),
                Arguments.of("trailing.json", "[\"a\"] x", "JSON"),
                Arguments.of("duplicate-key.json", "[{\"prompt\":\"a\",\"prompt\":\"b\"}]", "Duplicate"),
                Arguments.of("blank-prompt.json", "[\"a\",\"  \"]", "prompt 2"),
                Arguments.of("no-prompt-field.json", "[{\"prompt\":\"a\"},{\"answer\":\"b\"}]", "item 2"),
                Arguments.of("number-prompt.json", "[{\"prompt\":7}]", "item 1, field prompt"),
                Arguments.of("null-prompt.json", "[{\"prompt\":null}]", "item 1, field prompt"),
                Arguments.of("list-item.json", "[[\"a\"]]", "item 1"),
                Arguments.of("half-surrogate.json", "[\"\\ud83d\"]", "surrogate"),
                Arguments.of("low-surrogate.json", "[\"\\ude00a\"]", "surrogate"),
                Arguments.of("deep.json", "[".repeat(5_000), "JSON"),
                Arguments.of("bad-line.jsonl", "{\"prompt\":\"a\"}\n{oops}\n", "line 2"),
                Arguments.of("number-line.jsonl", "12\n", "line 1"),
                Arguments.of("vision.json", "[{\"conversations\":[]}]", "item 1"),
                Arguments.of("columns.csv", "a,b\n1,2\n", "none of [a, b]"),
                Arguments.of("short-row.csv", "id,prompt\n1\n", "record 1"),
                Arguments.of("open-quote.csv", "prompt\n\"a\n", "table"),
                Arguments.of("duplicate-column.csv", "prompt,prompt\na,b\n", "table"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void read_malformed_namesFileAndPlace(String name, String content, String place) throws IOException {
        Path file = file(name, content);

        assertThatThrownBy(() -> PromptReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(place);
    }

    @Test
    void read_notUtf8_namesLineAndByte() throws IOException {
        Path file = folder.resolve("latin1.txt");
        Files.write(file, "good\ncaf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));

        assertThatThrownBy(() -> PromptReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("byte 8");
    }

    @Test
    void read_absentFileOrFolder_saysSo() {
        assertThatThrownBy(() -> PromptReader.read(folder.resolve("none.json"))).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> PromptReader.read(folder)).hasMessageContaining("folder");
    }

    @Test
    void read_unknownColumn_listsTheColumns() throws IOException {
        Path csv = file("c.csv", "prompt,other\nx,y\n");

        assertThatThrownBy(() -> PromptReader.read(csv, PromptFormat.AUTO, Optional.of("none")))
                .hasMessageContaining("[prompt, other]");
    }

    @Test
    void read_realCommonsenseFiles_givesThePublishedSizes() {
        Path data = Path.of(System.getProperty("dnd.root", "."), "..", "shared", "data", "commonsense");
        Assumptions.assumeTrue(Files.isDirectory(data), "the shared data folder is not beside this checkout");

        assertThat(PromptReader.read(data.resolve("ARC-c_train.json")).size()).isEqualTo(1119);
        assertThat(PromptReader.read(data.resolve("ARC-c_test.json")).size()).isEqualTo(1172);
        assertThat(PromptReader.read(data.resolve("OBQA_train.json")).size()).isEqualTo(4957);
    }

    private PromptSet stream(String text) {
        return PromptReader.read(
                new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)),
                "<stdin>",
                PromptFormat.AUTO,
                Optional.empty());
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    @Test
    void draw_enoughPrompts_isWithoutReplacementAndRepeatable() {
        PromptSet set = new PromptSet(
                "<test>",
                Stream.iterate(0, i -> i + 1).limit(50).map(i -> "p" + i).toList());

        Draw first = set.draw(20, 7);

        assertThat(first.prompts()).doesNotHaveDuplicates().hasSize(20);
        assertThat(first.repeats()).isFalse();
        assertThat(set.draw(20, 7)).isEqualTo(first);
        assertThat(set.draw(20, 8)).isNotEqualTo(first);
    }

    @Test
    void draw_fewerPromptsThanAsked_usesEachEquallyOften() {
        PromptSet set = PromptSet.of("a", "b", "c");

        Draw draw = set.draw(8, 1);

        assertThat(draw.repeats()).isTrue();
        for (String prompt : List.of("a", "b", "c")) {
            assertThat(draw.prompts().stream().filter(prompt::equals).count()).isBetween(2L, 3L);
        }
    }

    @Test
    void sha256_dependsOnOrderAndBorders() {
        assertThat(PromptSet.of("ab", "c").sha256())
                .isNotEqualTo(PromptSet.of("a", "bc").sha256());
        assertThat(PromptSet.of("a", "b").sha256())
                .isNotEqualTo(PromptSet.of("b", "a").sha256());
    }
}
