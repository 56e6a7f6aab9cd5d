package org.dndllm.eval.sandbox;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Puts a program together: what the prompt begins, what the model wrote, what the test adds. */
final class CodeProgram {
    /**
     * LiveCodeBench's programs are written against names that nobody imports. These are the modules whose names its own
     * runner puts in front of every program, in its order, which decides where two have the same name
     * (lcb_runner/evaluation/testing_util.py at 28fef95).
     */
    private static final List<String> MODULES = List.of(
            "string",
            "re",
            "datetime",
            "collections",
            "heapq",
            "bisect",
            "copy",
            "math",
            "random",
            "statistics",
            "itertools",
            "functools",
            "operator",
            "io",
            "sys",
            "json");

    private static final String NAMES = Stream.concat(MODULES.stream(), Stream.of("builtins", "typing"))
                    .map(module -> "from " + module + " import *\n")
                    .collect(Collectors.joining())
            + "import " + String.join(", ", MODULES) + "\nsys.setrecursionlimit(50000)\n\n";

    private CodeProgram() {}

    /**
     * The program of one test.
     *
     * @param python whether it is to be one in Python
     * @param mark what the program prints on a line of its own when the test has run, so that one that merely ends
     *     early has not passed; what follows it on the line is a result
     */
    static String of(CodeProblem problem, String code, CodeTest test, String mark, boolean python) {
        return switch (test) {
            case CodeTest.Check check ->
                problem.prompt() + code + "\n\n" + check.code() + "\n\ncheck(" + check.function() + ")\nprint('\\n"
                        + mark + "')\n";
            case CodeTest.Streams streams -> (python ? NAMES : "") + problem.prompt() + code;
            case CodeTest.Call call -> NAMES + problem.prompt() + code + "\n\n" + caller(call.function(), mark);
        };
    }

    private static String caller(String function, String mark) {
        return """
                def _call():
                    import json, sys
                    arguments = [json.loads(line) for line in sys.stdin.read().split('\\n') if line.strip()]
                    target = Solution().%1$s if 'Solution' in globals() else %1$s
                    print('\\n%2$s' + json.dumps(target(*arguments)))

                _call()
                """.formatted(function, mark);
    }
}
