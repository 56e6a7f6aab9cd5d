package org.dndllm.encoder;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What of a task's items the encoder reads. Source: arXiv 2506.16406 Table 4a. */
public enum ConditionText {
    /** Prompts alone, as in use. */
    PROMPTS,
    /** Every prompt with its answer. */
    PROMPTS_AND_ANSWERS,
    /** Four prompts alone, then one with its answer, and so on. */
    MIXED;

    private static final int MIX = 5;

    /** The constant of a label: {@code prompts}, {@code prompts+answers} or {@code mixed}. */
    public static Optional<ConditionText> named(String label) {
        return Arrays.stream(values())
                .filter(text -> text.label().equals(label.toLowerCase(Locale.ROOT)))
                .findFirst();
    }

    /** As in flags and manifests. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace("_and_", "+");
    }

    /**
     * The text of one item.
     *
     * @param index of the item among those of its task, from 0
     */
    public String of(int index, String prompt, String answer) {
        boolean answered = switch (this) {
            case PROMPTS -> false;
            case PROMPTS_AND_ANSWERS -> true;
            case MIXED -> index % MIX == MIX - 1;
        };
        return answered ? prompt + " " + answer : prompt;
    }
}
