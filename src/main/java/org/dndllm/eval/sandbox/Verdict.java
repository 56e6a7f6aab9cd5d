package org.dndllm.eval.sandbox;

import java.util.Locale;

/** What became of one sample. All but {@link #PASSED} count as failed. */
public enum Verdict {
    /** All tests passed. */
    PASSED("all tests passed"),
    /** It ran to its end with another result, or to an end before the tests had run. */
    WRONG("ended with another result"),
    /** It did not run to its end: a syntax error, an exception, a signal. */
    ERROR("ended with an error"),
    /** See {@link Ending#TIME}. */
    TIME("took too long"),
    /** See {@link Ending#MEMORY}. */
    MEMORY("took too much memory"),
    /** See {@link Ending#PROCESSES}. */
    PROCESSES("too many processes, or some left behind"),
    /** See {@link Ending#OUTPUT}. */
    OUTPUT("wrote too much");

    private final String title;

    Verdict(String title) {
        this.title = title;
    }

    /** What it says, in a few words. */
    public String title() {
        return title;
    }

    /** The name in JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The failure that an ending is by itself; for a run that ended with an exit code, {@code exited}. */
    static Verdict of(Ending ending, Verdict exited) {
        return switch (ending) {
            case EXITED -> exited;
            case TIME -> TIME;
            case MEMORY -> MEMORY;
            case PROCESSES -> PROCESSES;
            case OUTPUT -> OUTPUT;
            case KILLED -> ERROR;
        };
    }
}
