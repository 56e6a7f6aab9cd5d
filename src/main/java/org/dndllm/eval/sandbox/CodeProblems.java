package org.dndllm.eval.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * A file of problems as HumanEval publishes them ({@code task_id, prompt, entry_point, test}; openai/human-eval,
 * HumanEval.jsonl.gz) or LiveCodeBench ({@code question_id, starter_code, public_test_cases, private_test_cases,
 * metadata}; livecodebench/code_generation_lite). Only the names are kept; the problems are read as they are needed.
 */
public final class CodeProblems {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

    private final Path file;
    private final List<String> ids;

    private CodeProblems(Path file, List<String> ids) {
        this.file = file;
        this.ids = List.copyOf(ids);
    }

    /**
     * Reads the file once and checks all of it but packed tests.
     *
     * @throws InvalidInputException if a line is no problem of either form, names repeat, or there is none
     */
    public static CodeProblems open(Path file) {
        List<String> ids = new ArrayList<>();
        Set<String> known = new HashSet<>();
        JsonLines.each(file, line -> {
            String id = isHumanEval(line) ? humanEval(line).id() : liveCodeId(line);
            if (!known.add(id)) {
                throw new InvalidInputException(
                        line.source(), "$", "has the id '" + id + "' again; names must differ, remove one of the two");
            }
            ids.add(id);
        });
        if (ids.isEmpty()) {
            throw new InvalidInputException(file.toString(), "file", "has no problem; expected one JSON object a line");
        }
        return new CodeProblems(file, ids);
    }

    /** The file. */
    public Path file() {
        return file;
    }

    /** Names of all problems, in file order. */
    public List<String> ids() {
        return ids;
    }

    /** Reads the file again and hands over each problem. */
    public void each(Consumer<CodeProblem> taker) {
        JsonLines.each(file, line -> taker.accept(isHumanEval(line) ? humanEval(line) : liveCode(line)));
    }

    private static boolean isHumanEval(JsonValue.Obj line) {
        if (line.has("entry_point") && line.has("test")) {
            return true;
        }
        if (line.has("public_test_cases")) {
            return false;
        }
        throw new InvalidInputException(
                line.source(),
                "$",
                "has neither entry_point and test (HumanEval) nor public_test_cases (LiveCodeBench), so there is nothing"
                        + " to run; a file of prompts alone cannot be scored, take the set as it is published");
    }

    private static CodeProblem humanEval(JsonValue.Obj line) {
        String function = name(line, line.string("entry_point"));
        return new CodeProblem(
                line.string("task_id"),
                line.source(),
                line.string("prompt"),
                Optional.of(function),
                List.of(new CodeTest.Check(line.string("test"), function)));
    }

    private static String liveCodeId(JsonValue.Obj line) {
        return line.string("question_id");
    }

    private static CodeProblem liveCode(JsonValue.Obj line) {
        Optional<String> function = LiveCodeTests.function(line).map(given -> name(line, given));
        return new CodeProblem(liveCodeId(line), line.source(), "", function, LiveCodeTests.read(line, function));
    }

    /** It becomes part of a program. */
    private static String name(JsonValue.Obj line, String given) {
        if (!NAME.matcher(given).matches()) {
            throw new InvalidInputException(
                    line.source(),
                    "$",
                    "asks for the function '" + given + "', expected the name of a Python function");
        }
        return given;
    }
}
