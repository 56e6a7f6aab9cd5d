package org.dndllm.eval.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads how a run ended: from what the sandbox did about it, else from the line that the cage appends to standard output.
 * For failures that the program reported itself, words in its last lines of standard error tell which limit it hit;
 * they can only change the name of a failure, never make it none.
 */
final class LastLine {
    private static final int SIGNALLED = 128;
    private static final int SIGXCPU = 24;
    private static final int SIGXFSZ = 25;
    private static final int TAIL = 4096;
    /** What unshare(1) adds when process 1 was killed and it means to end by the same signal. */
    private static final String UNSHARE = "unshare: sigprocmask unblock failed: Invalid argument\n";

    private static final List<String> MEMORY =
            List.of("memoryerror", "cannot allocate memory", "memory exhausted", "out of memory");
    private static final List<String> PROCESSES =
            List.of("cannot fork", "resource temporarily unavailable", "can't start new thread");
    private static final List<String> OUTPUT = List.of("file too large", "file size limit exceeded");

    private LastLine() {}

    /**
     * @param token the word that the cage's line starts with
     * @param stopped why the sandbox ended the program, if it did
     * @param stdout standard output with the cage's line
     */
    static SandboxRun read(String token, Optional<Ending> stopped, String stdout, String stderr, Duration wall) {
        int at = stdout.lastIndexOf("\n" + token + " ");
        String own = at < 0 ? stdout : stdout.substring(0, at);
        if (stopped.isPresent() || at < 0) {
            String err = stderr.endsWith(UNSHARE) ? stderr.substring(0, stderr.length() - UNSHARE.length()) : stderr;
            return new SandboxRun(stopped.orElse(Ending.KILLED), -1, own, err, wall);
        }
        String[] words = stdout.substring(at).strip().split(" ", -1);
        int code = Integer.parseInt(words[1]);
        boolean left = words[2].equals("1");
        return new SandboxRun(left ? Ending.PROCESSES : ending(code, stderr), code, own, stderr, wall);
    }

    private static Ending ending(int code, String stderr) {
        if (code == 0) {
            return Ending.EXITED;
        }
        if (code == SIGNALLED + SIGXCPU) {
            return Ending.TIME;
        }
        String tail = stderr.substring(Math.max(0, stderr.length() - TAIL)).toLowerCase(Locale.ROOT);
        if (code == SIGNALLED + SIGXFSZ || has(tail, OUTPUT)) {
            return Ending.OUTPUT;
        }
        if (has(tail, MEMORY)) {
            return Ending.MEMORY;
        }
        return has(tail, PROCESSES) ? Ending.PROCESSES : Ending.EXITED;
    }

    private static boolean has(String tail, List<String> words) {
        return words.stream().anyMatch(tail::contains);
    }
}
