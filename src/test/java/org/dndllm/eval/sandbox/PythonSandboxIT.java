package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Programs in Python, where there is one. */
class PythonSandboxIT {
    private static final String PROMPT = "def double(x):\n    \"\"\"Twice x.\"\"\"\n";
    private static final CodeProblem CHECKED = problem(
            PROMPT,
            Optional.of("double"),
            new CodeTest.Check(
                    "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate('a') == 'aa'\n",
                    "double"));
    private static final CodeProblem CALLED = problem(
            "",
            Optional.of("pair"),
            new CodeTest.Call("pair", "2\n\"a\"\n", JsonValue.parse("[[2, \"a\"], {\"k\": 1.0}]", "t")));

    private Sandbox sandbox;
    private CodeJudge judge;

    @BeforeEach
    void open() {
        sandbox = Sandboxes.python(SandboxLimits.of(Duration.ofSeconds(8)).withMemory(256 << 20));
        judge = new CodeJudge(sandbox);
    }

    @AfterEach
    void noProcessIsLeft() {
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    PASSED    | return x + x
                    WRONG     | return 4
                    ERROR     | return y
                    ERROR     | return (
                    ERROR     | import os; os.abort()
                    WRONG     | import os; os._exit(0)
                    WRONG     | import sys; sys.exit(0)
                    ERROR     | raise SystemExit(2)
                    MEMORY    | return bytearray(10 << 30)
                    PROCESSES | import os, time; [os.fork() for i in range(9)]; time.sleep(60)
                    OUTPUT    | print('x' * (5 << 20)); return x + x
                    ERROR     | open('/etc/passwd').read(); return x + x
                    ERROR     | import socket; socket.create_connection(('127.0.0.1', 9)); return x + x
                    """)
    void check_ofHumanEval_givesTheVerdict(Verdict expected, String body) {
        assertThat(judge.judge(CHECKED, "    " + body)).isEqualTo(expected);
    }

    @Test
    void check_endlessLoop_isTime() {
        CodeJudge hasty = new CodeJudge(Sandboxes.python(SandboxLimits.of(Duration.ofSeconds(2))));

        assertThat(hasty.judge(CHECKED, "    while True: pass")).isEqualTo(Verdict.TIME);
    }

    @Test
    void check_fencedWholeFunction_passes() {
        assertThat(judge.judge(CHECKED, "Here it is:\n```python\ndef double(x):\n    return 2 * x\n```\nDone."))
                .isEqualTo(Verdict.PASSED);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    PASSED | return [(a, b), {'k': 1}]
                    WRONG  | return [(a, b), {'k': 2}]
                    WRONG  | return [(a, b)]
                    WRONG  | return float('nan')
                    ERROR  | return object()
                    """)
    void call_ofLiveCodeBench_comparesTheResult(Verdict expected, String body) {
        assertThat(judge.judge(
                        CALLED, "class Solution:\n    def pair(self, a: int, b: str) -> List[Any]:\n        " + body))
                .isEqualTo(expected);
        assertThat(judge.judge(CALLED, "def pair(a, b):\n    " + body)).isEqualTo(expected);
    }

    /** Names that LiveCodeBench's own runner imports for every program; deep recursion. */
    @Test
    void streams_ofLiveCodeBench_haveTheNamesOfItsRunner() {
        CodeProblem sum = problem("", Optional.empty(), new CodeTest.Streams("3 4\n", "12 5 3 True\n"));

        assertThat(judge.judge(sum, """
                        a, b = map(int, stdin.readline().split())
                        def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
                        assert deep(9000) == 9000
                        print(reduce(mul, [a, b]), int(hypot(a, b)), deepcopy(len([a, b, 1])), pow(2, 3, 5) == 3)
                        """)).isEqualTo(Verdict.PASSED);
    }

    @Test
    void memoryFiles_thatNoProcessMaps_areCounted() {
        SandboxRun run = sandbox.run("""
                import os, time
                for i in range(40):
                    f = os.memfd_create('x')
                    for j in range(15):
                        os.write(f, b'x' * (1 << 20))
                time.sleep(60)
                """, "");

        assertThat(run.ending()).isEqualTo(Ending.MEMORY);
    }

    @Test
    void sharedMemory_thatNoProcessMaps_cannotBeMade() {
        SandboxRun run =
                sandbox.run("import ctypes; print(ctypes.CDLL(None, use_errno=True).shmget(0, 1 << 20, 0o1600))", "");

        assertThat(run.stdout()).isEqualTo("-1\n");
    }

    private static CodeProblem problem(String prompt, Optional<String> function, CodeTest test) {
        return new CodeProblem("t/1", "<memory>", prompt, function, List.of(test));
    }
}
