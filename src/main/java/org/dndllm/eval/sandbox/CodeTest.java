package org.dndllm.eval.sandbox;

import org.dndllm.format.JsonValue;

/** One test of a code problem. */
public sealed interface CodeTest {

    /**
     * HumanEval: Python that defines {@code check(candidate)}, which raises an exception when the candidate is wrong.
     *
     * @param code the definition
     * @param function the function that is handed to it
     */
    record Check(String code, String function) implements CodeTest {}

    /**
     * LiveCodeBench "stdin": a whole program that reads and writes.
     *
     * @param stdin what it reads
     * @param stdout what it must write; see {@link Lines}
     */
    record Streams(String stdin, String stdout) implements CodeTest {}

    /**
     * LiveCodeBench "functional": a Python function, or a method of the class {@code Solution}, called once.
     *
     * @param function its name
     * @param arguments one JSON value a line
     * @param result what it must return, as JSON
     */
    record Call(String function, String arguments, JsonValue result) implements CodeTest {}
}
