package org.dndllm.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Sets as their authors publish them. The items are ours; the fields are those of rowanz/hellaswag (data/README), of
 * openai/human-eval (data/HumanEval.jsonl.gz), of LiveCodeBench (lcb_runner/benchmarks/code_generation.py) and of MATH.
 */
class PublishedLayoutsTest {
    @TempDir
    Path folder;

    @Test
    void hellaSwag_labelsCountFromZero() {
        BenchmarkSet set = BenchmarkReader.read(resource("hellaswag_val.jsonl")).requireLabels();

        assertThat(set.kind()).isEqualTo(AnswerKind.CHOICE);
        assertThat(set.name()).isEqualTo("hellaswag");
        assertThat(set.split()).isEqualTo(Split.TEST); // the test labels are hidden, so this one is scored
        assertThat(set.items()).extracting(BenchmarkItem::gold).containsExactly(0, 2, 3);
        assertThat(set.items()).extracting(BenchmarkItem::response).containsExactly("[A]", "[C]", "[D]");
        BenchmarkItem darts = set.items().getLast();
        assertThat(darts.prompt())
                .isEqualTo("Two men stand before a board. one of them\nA: swallows the board.\nB: is a board.\n"
                        + "C: counts the legs of the wall.\nD: takes aim and throws three darts.");
        assertThat(darts.choices().get(darts.gold()).text()).startsWith("takes aim");
        assertThat(darts.system()).contains("square brackets");
    }

    @Test
    void hellaSwag_withoutLabels_cannotBeScored() {
        BenchmarkSet set = BenchmarkReader.read(resource("hellaswag_test.jsonl"));

        assertThat(set.kind()).isEqualTo(AnswerKind.CHOICE);
        assertThat(set.warnings()).containsExactly("1 of 1 items have no answer and cannot be scored");
    }

    /** The copy on the Hugging Face hub has labels as strings, blank ones in the test split. */
    @ParameterizedTest
    @CsvSource({"'\"1\"',1", "1,1", "'\"\"',-1", "null,-1"})
    void hellaSwag_labelsAsTheyAreWritten(String label, int gold) throws IOException {
        Path file = Files.writeString(
                folder.resolve("h.jsonl"),
                "{\"ctx\": \"He\", \"endings\": [\"sits.\", \"runs.\"], \"label\": " + label + "}");

        assertThat(BenchmarkReader.read(file).items().getFirst().gold()).isEqualTo(gold);
    }

    @ParameterizedTest
    @CsvSource({"2", "-1", "'\"A\"'", "'\"1 \\u0661\"'", "1.0", "true"})
    void hellaSwag_otherLabels_areRefused(String label) throws IOException {
        Path file = Files.writeString(
                folder.resolve("h.jsonl"),
                "{\"ctx\": \"He\", \"endings\": [\"sits.\", \"runs.\"], \"label\": " + label + "}");

        assertThatThrownBy(() -> BenchmarkReader.read(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("h.jsonl: line 1, field label: is '")
                .hasMessageContaining("index of the right ending, 0 to 1");
    }

    @Test
    void humanEval_plainAndZipped_isCode() throws IOException {
        Path zipped = folder.resolve("HumanEval.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            Files.copy(resource("HumanEval.jsonl"), out);
        }

        BenchmarkSet set = BenchmarkReader.read(zipped);

        assertThat(set.kind()).isEqualTo(AnswerKind.CODE);
        assertThat(set.name()).isEqualTo("HumanEval");
        assertThat(set.split()).isEqualTo(Split.TEST);
        assertThat(set.items()).hasSize(3);
        assertThat(set.items())
                .extracting(BenchmarkItem::prompt)
                .containsExactlyElementsOf(BenchmarkReader.read(resource("HumanEval.jsonl")).items().stream()
                        .map(BenchmarkItem::prompt)
                        .toList())
                .containsExactlyElementsOf(PromptReader.read(zipped).prompts());
    }

    @Test
    void zipped_cutShort_isRefused() throws IOException {
        Path whole = folder.resolve("whole.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(whole))) {
            Files.copy(resource("HumanEval.jsonl"), out);
        }
        byte[] bytes = Files.readAllBytes(whole);
        Path cut = Files.write(folder.resolve("cut.jsonl.gz"), java.util.Arrays.copyOf(bytes, bytes.length - 20));

        assertThatThrownBy(() -> BenchmarkReader.read(cut))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("cut.jsonl.gz: file: is no whole gzip file")
                .hasMessageContaining("download it again");
    }

    /** Its file on the hub is called test.jsonl: neither name nor prompt says that answers are programs. */
    @Test
    void liveCodeBench_isCodeByItsFields() throws IOException {
        Path file = Files.copy(resource("livecodebench.jsonl"), folder.resolve("test6.jsonl"));

        BenchmarkSet set = BenchmarkReader.read(file);

        assertThat(set.kind()).isEqualTo(AnswerKind.CODE);
        assertThat(set.split()).isEqualTo(Split.TEST);
        assertThat(set.items().get(1).prompt()).startsWith("Given a list of integers");
        assertThat(PromptReader.read(file).prompts()).hasSize(3);
    }

    /** The authors have problem and solution, MATH-500 the answer beside them. */
    @Test
    void math_isReadFromTheSolution() {
        BenchmarkSet set = BenchmarkReader.read(resource("math-500_test.jsonl")).requireLabels();

        assertThat(set.kind()).isEqualTo(AnswerKind.MATH);
        assertThat(set.items()).extracting(BenchmarkItem::answer).containsExactly("\\frac12", "-3,3");
        assertThat(set.items().getFirst().response()).startsWith("A third of");
        assertThat(set.split()).isEqualTo(Split.TEST);
    }

    @Test
    void condition_fromAPublishedFile_isKnownAgain() {
        BenchmarkSet scored = BenchmarkReader.read(resource("hellaswag_val.jsonl"));

        ConditionOrigin origin = SplitDiscipline.check(
                PromptReader.read(resource("hellaswag_val.jsonl")),
                Optional.empty(),
                Optional.of(scored),
                Protocol.OFFICIAL);

        assertThat(origin.overlap()).isEqualTo(3);
    }

    private static Path resource(String name) {
        try {
            return Path.of(
                    PublishedLayoutsTest.class.getResource("/benchmark/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
