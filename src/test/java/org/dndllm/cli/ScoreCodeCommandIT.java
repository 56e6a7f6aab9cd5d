package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.eval.sandbox.SandboxLimits;
import org.dndllm.eval.sandbox.Sandboxes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code dnd score-code}: shell programs against input and output, and Python where there is one. */
class ScoreCodeCommandIT {
    private static final String PROBLEMS = """
            {"question_id": "sum", "public_test_cases": [{"input": "1 2\\n", "output": "3", "testtype": "stdin"}], "private_test_cases": [{"input": "20 22\\n", "output": "42", "testtype": "stdin"}]}
            {"question_id": "echo", "public_test_cases": [{"input": "a\\nb\\n", "output": "a\\nb\\n", "testtype": "stdin"}]}
            """;
    private static final String SAMPLES = """
            {"task_id": "sum", "completion": "read a b; echo $((a + b))"}
            {"task_id": "sum", "completion": "echo 3"}
            {"task_id": "sum", "completion": "Use this:\\n```sh\\nread a b\\necho $((a + b))\\n```"}
            {"task_id": "sum", "completion": "exit 1"}
            {"task_id": "echo", "completion": "while :; do :; done"}
            {"task_id": "echo", "completion": "yes"}
            {"task_id": "echo", "completion": "cat"}
            {"task_id": "echo", "completion": "sleep 77 & cat"}
            """;

    @TempDir
    Path folder;

    private Path problems;
    private Path samples;

    @BeforeEach
    void write() throws IOException {
        problems = Files.writeString(folder.resolve("problems.jsonl"), PROBLEMS);
        samples = Files.writeString(folder.resolve("samples.jsonl"), SAMPLES);
    }

    @Test
    void withoutTheFlag_nothingRuns() {
        Cli.run("score-code", problems, "--samples", samples).refused(2, "--run-code", "nothing was run");
    }

    @Test
    void json_hasEstimatesAndReasons() {
        Sandboxes.shell(SandboxLimits.of(Duration.ofSeconds(2)));

        JsonNode json = score("-k", "1", "-k", "2", "--json").json();

        // sum: 2 of 4, echo: 1 of 4; pass@2 = 1 - C(n-c,2)/C(4,2): 5/6 and 1/2
        assertThat(json.at("/pass_at_k/1/value").asDouble()).isCloseTo(0.375, within(1e-12));
        assertThat(json.at("/pass_at_k/2/value").asDouble()).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(json.at("/pass_at_k/1/low").asDouble()).isLessThan(0.375);
        assertThat(json.at("/tasks/0/verdicts").toString()).isEqualTo("[\"passed\",\"wrong\",\"passed\",\"error\"]");
        assertThat(json.at("/tasks/1/verdicts").toString()).isEqualTo("[\"time\",\"output\",\"passed\",\"processes\"]");
        assertThat(json.at("/verdicts/memory").asInt(-1)).isZero();
        assertThat(json.at("/samples").asInt()).isEqualTo(8);
    }

    @Test
    void table_namesTheReasons() {
        Sandboxes.shell(SandboxLimits.of(Duration.ofSeconds(2)));

        assertThat(score().ok().out())
                .contains("problems: 2, samples: 8", "pass@1", "37.5", "took too long")
                .doesNotContain("pass@5", "took too much memory");
    }

    @Test
    void wrongInput_isRefusedBeforeAnythingRuns() throws IOException {
        score("-k", "5").refused(2, "-k", "at most 4");
        Files.writeString(samples, "{\"task_id\": \"sum\", \"completion\": \"\"}\n");
        score().refused(1, "no sample for 1 of 2", "echo");
    }

    @Test
    void pythonTests_inTheShell_areRefused() throws IOException {
        Sandboxes.shell(SandboxLimits.of(Duration.ofSeconds(2)));
        Files.writeString(
                problems, "{\"task_id\": \"sum\", \"prompt\": \"\", \"entry_point\": \"f\", \"test\": \"\"}\n");
        Files.writeString(samples, "{\"task_id\": \"sum\", \"completion\": \"\"}\n");

        score().refused(1, "tests in Python", "/bin/sh");
    }

    /** Items in the layouts in which the sets are published; of two canned samples each the first one is right. */
    @ParameterizedTest
    @CsvSource({"HumanEval,HumanEval/0", "livecodebench,ours_a"})
    void publishedLayouts_cannedCompletions_areJudged(String set, String first) {
        Sandboxes.python(SandboxLimits.of(Duration.ofSeconds(60)));

        JsonNode json = Cli.run(
                        "score-code",
                        resource(set + ".jsonl"),
                        "--samples",
                        resource(set + "-samples.jsonl"),
                        "--run-code",
                        "--time-limit",
                        "60",
                        "--json")
                .json();

        assertThat(json.at("/problems").asInt()).isEqualTo(3);
        assertThat(json.at("/pass_at_k/1/value").asDouble()).isCloseTo(0.5, within(1e-12));
        assertThat(json.at("/tasks/0/task_id").asString()).isEqualTo(first);
        json.at("/tasks")
                .forEach(task -> assertThat(task.at("/verdicts").toString()).isEqualTo("[\"passed\",\"wrong\"]"));
    }

    private static Path resource(String name) {
        try {
            return Path.of(
                    ScoreCodeCommandIT.class.getResource("/benchmark/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void machineWithoutNamespaces_exitCodeThreeAndWhy() throws IOException, InterruptedException {
        Sandboxes.shell(SandboxLimits.of(Duration.ofSeconds(2)));
        ProcessBuilder builder = new ProcessBuilder(List.of(
                "unshare",
                "--user",
                "--map-root-user",
                "sh",
                "-c",
                "echo 0 >/proc/sys/user/max_user_namespaces && exec \"$@\"",
                "sh",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                Main.class.getName(),
                "score-code",
                problems.toString(),
                "--samples",
                samples.toString(),
                "--run-code",
                "--interpreter",
                "sh"));
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        int code = builder.redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        String said = Files.readString(err);
        assumeTrue(!said.startsWith("unshare:"), "this machine lets nobody forbid namespaces: " + said);

        assertThat(code).as(said).isEqualTo(3);
        assertThat(Files.readString(out)).isEmpty();
        assertThat(said).contains("not available here, because", "unshare", "run it on such a machine");
    }

    private Cli score(Object... more) {
        return Cli.run(Stream.concat(
                        Stream.of(
                                "score-code",
                                problems,
                                "--samples",
                                samples,
                                "--run-code",
                                "--interpreter",
                                "sh",
                                "--time-limit",
                                "2"),
                        Arrays.stream(more))
                .toArray());
    }
}
