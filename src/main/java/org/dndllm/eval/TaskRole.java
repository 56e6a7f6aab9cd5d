package org.dndllm.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a task is for, as {@code world.json} says. */
public enum TaskRole {
    /** The generator was trained on it. */
    TRAIN,
    /** Decided when training stopped. */
    VALIDATION,
    /** Never seen, of the family that the generator was trained for: what counts. */
    HELD_OUT,
    /** Of another family altogether: the generator should say that it does not know it. */
    OUTSIDE;

    /** As in files and on the command line: {@code train}, {@code validation}, {@code held_out}, {@code outside}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The role of that label; a hyphen is as good as an underscore. */
    public static Optional<TaskRole> of(String label) {
        return Arrays.stream(values())
                .filter(role -> role.label().equals(label.replace('-', '_')))
                .findFirst();
    }

    /** All labels, for messages. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(TaskRole::label).toList();
    }
}
