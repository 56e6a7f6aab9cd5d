package org.dndllm.eval.sandbox;

import java.util.List;
import java.util.Optional;

/**
 * A programming problem with its tests.
 *
 * @param id its name in the file, the {@code task_id} of samples
 * @param source file and line, for errors
 * @param prompt what stands before the model's text in the program; empty where the model writes the whole program
 * @param function the function asked for, if one is
 * @param tests at least one
 */
public record CodeProblem(String id, String source, String prompt, Optional<String> function, List<CodeTest> tests) {
    public CodeProblem {
        tests = List.copyOf(tests);
    }
}
