package org.dndllm.eval.sandbox;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * Runs samples against the tests of their problem. What is expected never enters the sandbox, but for HumanEval, whose
 * tests are part of the program.
 */
public final class CodeJudge {
    private static final Pattern ASSERTION = Pattern.compile("(?m)^AssertionError\\b");

    private final Sandbox sandbox;

    /** A judge that runs everything in one sandbox. */
    public CodeJudge(Sandbox sandbox) {
        this.sandbox = sandbox;
    }

    /**
     * The verdict on one sample: that of the first test it fails.
     *
     * @param completion what the model wrote; see {@link CodeAnswer}
     * @throws InvalidInputException if the tests are Python and the sandbox runs another language
     */
    public Verdict judge(CodeProblem problem, String completion) {
        String code = CodeAnswer.code(completion, problem.function());
        for (CodeTest test : problem.tests()) {
            if (!(test instanceof CodeTest.Streams) && !sandbox.interpreter().isPython()) {
                throw new InvalidInputException(
                        problem.source(),
                        problem.id(),
                        "has tests in Python, and the interpreter is "
                                + sandbox.interpreter().executable() + "; use a Python");
            }
            Verdict verdict = verdict(problem, code, test);
            if (verdict != Verdict.PASSED) {
                return verdict;
            }
        }
        return Verdict.PASSED;
    }

    private Verdict verdict(CodeProblem problem, String code, CodeTest test) {
        String mark = UUID.randomUUID().toString();
        String program =
                CodeProgram.of(problem, code, test, mark, sandbox.interpreter().isPython());
        if (program.length() > Sandbox.MAX_PROGRAM / 4) { // UTF-8 has at most three bytes a char
            return Verdict.ERROR;
        }
        SandboxRun run = switch (test) {
            case CodeTest.Check check -> sandbox.run(program, "");
            case CodeTest.Streams streams -> sandbox.run(program, streams.stdin());
            case CodeTest.Call call -> sandbox.run(program, call.arguments());
        };
        if (!run.succeeded()) {
            boolean asserted = test instanceof CodeTest.Check
                    && ASSERTION.matcher(run.stderr()).find();
            return Verdict.of(run.ending(), asserted ? Verdict.WRONG : Verdict.ERROR);
        }
        boolean right = switch (test) {
            case CodeTest.Check check -> result(run, mark).isPresent();
            case CodeTest.Streams streams -> Lines.equal(streams.stdout(), run.stdout());
            case CodeTest.Call call ->
                result(run, mark).filter(json -> isSame(json, call.result())).isPresent();
        };
        return right ? Verdict.PASSED : Verdict.WRONG;
    }

    /** What stands behind the mark on the last line. */
    private static Optional<String> result(SandboxRun run, String mark) {
        String[] lines = run.stdout().strip().split("\n", -1);
        String last = lines[lines.length - 1];
        return last.startsWith(mark) ? Optional.of(last.substring(mark.length())) : Optional.empty();
    }

    private static boolean isSame(String json, JsonValue expected) {
        try {
            return same(JsonValue.parse(json, "<result>"), expected);
        } catch (InvalidInputException e) {
            return false; // Python writes NaN and infinities, which are no JSON and equal no result
        }
    }

    /** Python's equality: 1 and 1.0 are equal. */
    private static boolean same(JsonValue one, JsonValue other) {
        if (one instanceof JsonValue.Num a && other instanceof JsonValue.Num b) {
            return a.value().equals(b.value())
                    || a.value().doubleValue() == b.value().doubleValue();
        }
        if (one instanceof JsonValue.Arr a && other instanceof JsonValue.Arr b) {
            return sameItems(a.items(), b.items());
        }
        if (one instanceof JsonValue.Obj a && other instanceof JsonValue.Obj b) {
            return sameMembers(a.members(), b.members());
        }
        return one.equals(other);
    }

    private static boolean sameItems(List<JsonValue> one, List<JsonValue> other) {
        Iterator<JsonValue> rest = other.iterator();
        return one.size() == other.size() && one.stream().allMatch(item -> same(item, rest.next()));
    }

    private static boolean sameMembers(Map<String, JsonValue> one, Map<String, JsonValue> other) {
        return one.keySet().equals(other.keySet()) && sameItems(inOrder(one), inOrder(other));
    }

    private static List<JsonValue> inOrder(Map<String, JsonValue> members) {
        return List.copyOf(new TreeMap<>(members).values());
    }
}
