package org.dndllm.eval.sandbox;

import static org.junit.jupiter.api.Assumptions.abort;

import org.dndllm.EnvironmentException;

/** Sandboxes for tests; a test is skipped, with the reason, where there is none. */
public final class Sandboxes {
    private Sandboxes() {}

    /** One for programs of the shell. */
    public static Sandbox shell(SandboxLimits limits) {
        try {
            return Sandbox.open(Interpreter.shell(), limits);
        } catch (EnvironmentException e) {
            return abort(e.getMessage());
        }
    }

    /** One for Python, if the machine has it. */
    public static Sandbox python(SandboxLimits limits) {
        try {
            return Sandbox.open(Interpreter.python("python3"), limits);
        } catch (EnvironmentException e) {
            return abort(e.getMessage());
        }
    }
}
