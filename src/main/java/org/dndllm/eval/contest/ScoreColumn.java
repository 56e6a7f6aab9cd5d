package org.dndllm.eval.contest;

import java.util.Locale;
import java.util.Set;
import org.dndllm.eval.benchmark.AnswerKind;

/** A way of scoring, which is a column of the table. */
public enum ScoreColumn {
    /** The option with the highest log-likelihood. */
    LIKELIHOOD("likelihood"),
    /** The option with the highest log-likelihood by token. */
    PER_TOKEN("by token"),
    /** The option with the highest log-likelihood by byte, which no vocabulary favours. */
    PER_BYTE("by byte"),
    /** The greedy answer, read by the lenient parser. */
    GREEDY("greedy, lenient"),
    /** The same greedy answer, read as the official code reads it. */
    OFFICIAL("official");

    private static final Set<AnswerKind> WITH_OPTIONS = Set.of(AnswerKind.CHOICE, AnswerKind.BOOLEAN);

    private final String title;

    ScoreColumn(String title) {
        this.title = title;
    }

    /** For people. */
    public String title() {
        return title;
    }

    /** For files and JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it compares options, rather than reading what the model writes. */
    public boolean isLikelihood() {
        return this == LIKELIHOOD || this == PER_TOKEN || this == PER_BYTE;
    }

    /** Whether it can judge questions of that kind; programs are judged by running them, which none of these does. */
    public boolean judges(AnswerKind kind) {
        return switch (this) {
            case LIKELIHOOD, PER_TOKEN, PER_BYTE -> WITH_OPTIONS.contains(kind);
            case GREEDY -> kind != AnswerKind.CODE;
            case OFFICIAL -> kind != AnswerKind.CODE && kind != AnswerKind.TEXT;
        };
    }
}
