package org.dndllm.eval.sandbox;

import java.time.Duration;

/**
 * What one run of a program left.
 *
 * @param ending how it ended
 * @param exitCode its exit code, 128 + n after signal n; -1 when the sandbox ended it
 * @param stdout standard output, invalid UTF-8 replaced; cut off at the limit
 * @param stderr standard error likewise
 * @param wall time from start to end
 */
public record SandboxRun(Ending ending, int exitCode, String stdout, String stderr, Duration wall) {

    /** Whether the program ended by itself, in order and with exit code 0. */
    public boolean succeeded() {
        return ending == Ending.EXITED && exitCode == 0;
    }
}
