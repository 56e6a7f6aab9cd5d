package org.dndllm.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.sandbox.CodeJudge;
import org.dndllm.eval.sandbox.CodeProblems;
import org.dndllm.eval.sandbox.CodeSamples;
import org.dndllm.eval.sandbox.CodeScore;
import org.dndllm.eval.sandbox.Interpreter;
import org.dndllm.eval.sandbox.Sandbox;
import org.dndllm.eval.sandbox.SandboxLimits;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd score-code}. */
@Command(
        name = "score-code",
        mixinStandardHelpOptions = true,
        header = "Run programs that a model wrote against their tests, and estimate pass@k.",
        description = {
            "FILE holds problems as HumanEval (HumanEval.jsonl.gz) or LiveCodeBench (code_generation_lite) publishes"
                    + " them; the samples are JSONL of {\"task_id\", \"completion\"}, several lines a problem. A completion"
                    + " continues the prompt; where it has fenced blocks, the code is taken from them.",
            "",
            "pass@k is 1 - C(n-c,k) / C(n,k) for c of n samples that passed, averaged over problems, with a 95 %% interval"
                    + " over problems.",
            "",
            "Nobody has read these programs, so nothing runs without --run-code. Each then runs in a sandbox of its own:"
                    + " without network, other processes, rights, your files and your variables; with limits on time,"
                    + " memory, processes, files and output; all its processes are killed at its end. The sandbox stands"
                    + " on the Linux kernel and is no wall against a fault in it, nor against a program that uses all cores"
                    + " for the time it has: run hostile code in a virtual machine. Linux only; where the kernel or a"
                    + " container refuses one of the means, the command says so and runs nothing.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd score-code HumanEval.jsonl.gz --samples samples.jsonl --run-code",
            "  dnd score-code HumanEval.jsonl.gz --samples samples.jsonl --run-code -k 1 -k 10 --json",
            "  dnd score-code test6.jsonl --samples samples.jsonl --run-code --time-limit 6 --interpreter python3.12",
        })
final class ScoreCodeCommand implements Callable<Integer> {
    private static final List<Integer> USUAL = List.of(1, 5, 10, 100);
    private static final String SHELL = "sh";

    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "FILE", description = "Problems with their tests, JSONL or JSONL.gz.")
    private Path file = Path.of("");

    @Option(names = "--samples", required = true, paramLabel = "FILE", description = "What the model wrote, JSONL.")
    private Path samples = Path.of("");

    @Option(names = "--run-code", description = "Run the programs. Without it the command ends with exit code 2.")
    private boolean runCode;

    @Option(
            names = {"-k", "--k"},
            paramLabel = "K",
            description = "Estimate pass@K; may be given several times. Default: 1, 5, 10 and 100, as far as every"
                    + " problem has that many samples.")
    private List<Integer> ks = List.of();

    @Option(
            names = "--interpreter",
            paramLabel = "COMMAND",
            defaultValue = "python3",
            description = "A Python 3, by name or path, or sh for programs of the shell (problems with input and output"
                    + " only). Default: ${DEFAULT-VALUE}.")
    private String interpreter = "";

    @Option(
            names = "--time-limit",
            paramLabel = "S",
            defaultValue = "10",
            description = "Seconds for each program and test. Default: ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--memory-limit",
            paramLabel = "MIB",
            defaultValue = "1024",
            description = "Memory of each program, in MiB. Default: ${DEFAULT-VALUE}.")
    private int mebibytes;

    @Override
    public Integer call() {
        if (!runCode) {
            throw Flags.wrong(
                    "--run-code",
                    "is not given, so nothing was run; the programs come from a model and nobody has read them. Read"
                            + " 'dnd score-code --help', then add the flag");
        }
        Flags.range("--time-limit", seconds, 1, 3600);
        Flags.range("--memory-limit", mebibytes, 16, 1 << 20);
        ks.forEach(k -> Flags.atLeast("-k", k, 1));
        CodeProblems problems = CodeProblems.open(file);
        CodeSamples written = CodeSamples.read(samples, problems);
        List<Integer> chosen = chosen(written.fewest());
        SandboxLimits limits = SandboxLimits.of(Duration.ofSeconds(seconds)).withMemory((long) mebibytes << 20);
        Sandbox sandbox =
                Sandbox.open(interpreter.equals(SHELL) ? Interpreter.shell() : Interpreter.python(interpreter), limits);
        print(CodeScore.of(problems, written, new CodeJudge(sandbox), chosen, output.progress()), sandbox);
        return 0;
    }

    private List<Integer> chosen(int fewest) {
        for (int k : ks) {
            if (k > fewest) {
                throw Flags.wrong(
                        "-k", "is " + k + ", expected at most " + fewest + ", the number of samples of each problem");
            }
        }
        return ks.isEmpty() ? USUAL.stream().filter(k -> k <= fewest).toList() : ks;
    }

    private void print(CodeScore score, Sandbox sandbox) {
        String executable = sandbox.interpreter().executable().toString();
        output.line(
                "problems: %d, samples: %d, %s, %d s and %d MiB each",
                score.tasks().size(),
                score.verdicts().values().stream().mapToInt(Integer::intValue).sum(),
                executable,
                seconds,
                mebibytes);
        Stream.of(score.passTable(), score.verdictTable()).forEach(this::table);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("interpreter", executable);
        json.put("time_limit_s", seconds);
        json.put("memory_limit_mib", mebibytes);
        json.putAll(score.toJson());
        output.result(json);
    }

    private void table(ReportTable table) {
        output.line("");
        table.lines().forEach(line -> output.line("%s", line));
    }
}
