package org.dndllm.eval.benchmark;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which part of a data set a file is. */
public enum Split {
    TRAIN,
    VALIDATION,
    /** What is scored. No condition and no demonstration may come from it. */
    TEST,
    /** Neither the file's name nor its reader says. */
    UNDECLARED;

    /** As on the command line and in reports: {@code train}, {@code validation}, {@code test}, {@code undeclared}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The split of that label. */
    public static Optional<Split> of(String label) {
        return Arrays.stream(values())
                .filter(split -> split.label().equals(label))
                .findFirst();
    }

    /** All labels, for messages. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Split::label).toList();
    }
}
