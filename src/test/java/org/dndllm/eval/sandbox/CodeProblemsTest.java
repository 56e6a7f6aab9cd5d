package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CodeProblemsTest {
    private static final String HUMAN_EVAL = """
            {"task_id": "H/0", "prompt": "def f(x):\\n", "entry_point": "f", "canonical_solution": "", "test": "T"}
            """;

    @TempDir
    Path folder;

    @Test
    void humanEval_plainAndZipped() throws IOException {
        Path zipped = folder.resolve("h.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(zipped))) {
            out.write(HUMAN_EVAL.getBytes(StandardCharsets.UTF_8));
        }

        for (Path file : List.of(zipped, file(HUMAN_EVAL + "\n"))) {
            CodeProblem problem = only(file);
            assertThat(problem.id()).isEqualTo("H/0");
            assertThat(problem.prompt()).isEqualTo("def f(x):\n");
            assertThat(problem.function()).contains("f");
            assertThat(problem.tests()).containsExactly(new CodeTest.Check("T", "f"));
        }
    }

    @Test
    void liveCodeBench_testsAsListAndAsString() throws IOException {
        String list = "[{\"input\": \"1\\n\", \"output\": \"2\\n\", \"testtype\": \"stdin\"}]";
        String quoted = "\"" + list.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";

        CodeProblem problem = only(file("{\"question_id\": \"q\", \"starter_code\": \"\", \"public_test_cases\": "
                + list + ", \"private_test_cases\": " + quoted + ", \"metadata\": \"{}\"}"));

        CodeTest test = new CodeTest.Streams("1\n", "2\n");
        assertThat(problem.tests()).containsExactly(test, test);
        assertThat(problem.prompt()).isEmpty();
    }

    /** Packed by Python 3.11: base64(zlib(pickle(json))) with pickle protocols 2, 4 and 5. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "eJxrYIoIYWBgiK5WyswrKC1RslJQijbUUTCKjckzjslT0lFQyi8tgUnEKMXElBoYpJrEACUM9QxiQfIlqcUlJZUFqSAVaaV5ySWZ+XmJOUq1sYUMegDP/Rs1",
                "eJxrYJkawQABPSHR1UqZeQWlJUpWCkrRhjoKRrExecYxeUo6Ckr5pSUwiRilmJhSA4NUkxighKGeQSxIviS1uKSksiAVpCKtNC+5JDM/LzFHqTZ2ih4AInIcew==",
                "eJxrYJ0awQABPSHR1UqZeQWlJUpWCkrRhjoKRrExecYxeUo6Ckr5pSUwiRilmJhSA4NUkxighKGeQSxIviS1uKSksiAVpCKtNC+5JDM/LzFHqTZ2ih4AItQcfA==",
            })
    void liveCodeBench_packedTests(String packed) throws IOException {
        CodeTest.Call call =
                (CodeTest.Call) only(file(liveCode(packed))).tests().getFirst();

        assertThat(call.function()).isEqualTo("g");
        assertThat(call.arguments()).isEqualTo("[1, 2]\n3\n");
        assertThat(((JsonValue.Arr) call.result()).items().getFirst()).isEqualTo(new JsonValue.Str("ä"));
    }

    /** A list and a function (print), packed by the same Python; a cut pickle; no base 64. */
    @ParameterizedTest
    @CsvSource({
        "eJxrYJnKzQABsVM0vBl7GBOnpOoBACzyBJ8=, opcode",
        "eJxrYJkqxgABPRxJpZk5JZl5xVN6WAuKMvNKpkyeogcAjFMKaQ==, more than a string",
        "eJxrYJkKAAIgARo=, ends inside a pickle",
        "!!!!, neither JSON nor",
    })
    void liveCodeBench_otherPickles_areRefusedAndNeverRun(String packed, String words) throws IOException {
        Path file = file(liveCode(packed));

        assertThatThrownBy(() -> only(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(file + ":1: private_test_cases: ")
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    [{"prompt": "a"}]                                             | JSONL
                    {"prompt": "a"}                                               | nothing to run
                    {"task_id": "a", "entry_point": "f", "test": "t"}             | prompt
                    {"task_id": "a", "prompt": "", "entry_point": "f()", "test": ""} | name of a Python function
                    {"question_id": 1, "public_test_cases": []}                   | question_id
                    {"a"                                                          | 1
                    """)
    void malformed_isRefusedByLine(String line, String words) throws IOException {
        Path file = file(line);

        assertThatThrownBy(() -> CodeProblems.open(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(file + ":1")
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    []                                                            | at least one test
                    [{"input": "", "output": "", "testtype": "magic"}]            | stdin or functional
                    [{"input": "", "output": "1", "testtype": "functional"}]      | func_name
                    [{"input": "", "testtype": "stdin"}]                          | output
                    """)
    void malformedTests_areRefused(String tests, String words) throws IOException {
        CodeProblems problems =
                CodeProblems.open(file("{\"question_id\": \"q\", \"public_test_cases\": " + tests + "}"));

        assertThatThrownBy(() -> problems.each(problem -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(words);
    }

    @Test
    void repeatedOrNoProblem_isRefused() throws IOException {
        Path twice = file(HUMAN_EVAL + HUMAN_EVAL);
        assertThatThrownBy(() -> CodeProblems.open(twice))
                .hasMessageContaining(":2")
                .hasMessageContaining("again");
        Path empty = file("\n\n");
        assertThatThrownBy(() -> CodeProblems.open(empty)).hasMessageContaining("no problem");
        assertThatThrownBy(() -> CodeProblems.open(folder.resolve("absent")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("cannot be read");
    }

    @Test
    void samples_areGroupedAndChecked() throws IOException {
        CodeProblems problems = CodeProblems.open(file(HUMAN_EVAL));
        Path good = samples(
                "{\"task_id\": \"H/0\", \"completion\": \"a\"}\n{\"task_id\": \"H/0\", \"completion\": \"b\"}\n");

        CodeSamples read = CodeSamples.read(good, problems);

        assertThat(read.byTask()).containsEntry("H/0", List.of("a", "b"));
        assertThat(read.count()).isEqualTo(2);
        assertThat(read.fewest()).isEqualTo(2);
        assertThatThrownBy(() -> CodeSamples.read(samples("{\"task_id\": \"X\", \"completion\": \"a\"}"), problems))
                .hasMessageContaining(":1: task_id: is 'X'");
        assertThatThrownBy(() -> CodeSamples.read(samples("{\"task_id\": \"H/0\"}"), problems))
                .hasMessageContaining("completion");
        assertThatThrownBy(() -> CodeSamples.read(samples(""), problems)).hasMessageContaining("no sample for 1 of 1");
    }

    private static String liveCode(String packed) {
        return "{\"question_id\": \"q\", \"public_test_cases\": \"[]\", \"private_test_cases\": \"" + packed
                + "\", \"metadata\": \"{\\\"func_name\\\": \\\"g\\\"}\"}";
    }

    private static CodeProblem only(Path file) {
        List<CodeProblem> all = new ArrayList<>();
        CodeProblems.open(file).each(all::add);
        assertThat(all).hasSize(1);
        return all.getFirst();
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("problems.jsonl"), text);
    }

    private Path samples(String text) throws IOException {
        return Files.writeString(folder.resolve("samples.jsonl"), text);
    }
}
