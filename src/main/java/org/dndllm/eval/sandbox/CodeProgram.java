package org.dndllm.eval.sandbox;

/** Puts a program together: what the prompt begins, what the model wrote, what the test adds. */
final class CodeProgram {
    /** LiveCodeBench's functions are written against names that nobody imports. */
    private static final String NAMES = """
            import bisect, collections, functools, heapq, itertools, math, operator, re, string, sys
            from bisect import *
            from collections import *
            from functools import *
            from heapq import *
            from itertools import *
            from math import *
            from typing import *

            """;

    private CodeProgram() {}

    /**
     * The program of one test.
     *
     * @param mark what the program prints on a line of its own when the test has run, so that one that merely ends
     *     early has not passed; what follows it on the line is a result
     */
    static String of(CodeProblem problem, String code, CodeTest test, String mark) {
        return switch (test) {
            case CodeTest.Check check ->
                problem.prompt() + code + "\n\n" + check.code() + "\n\ncheck(" + check.function() + ")\nprint('\\n"
                        + mark + "')\n";
            case CodeTest.Streams streams -> problem.prompt() + code;
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
