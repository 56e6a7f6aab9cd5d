package org.dndllm.train.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dndllm.InvalidInputException;
import org.dndllm.train.collect.TaskItem;

/** What of a task's items the encoder reads. Source: arXiv 2506.16406 Table 4a. */
public enum ConditionText {
    /** Prompts alone, as in use. */
    PROMPTS,
    /** Every prompt with its answer. */
    PROMPTS_AND_ANSWERS,
    /** Four prompts alone, then one with its answer, and so on. */
    MIXED;

    private static final int MIX = 5;

    /**
     * The constant of a flag: {@code prompts}, {@code prompts+answers} or {@code mixed}.
     *
     * @throws InvalidInputException for another name
     */
    public static ConditionText named(String name) {
        for (ConditionText text : values()) {
            if (text.label().equals(name.toLowerCase(Locale.ROOT))) {
                return text;
            }
        }
        throw new InvalidInputException(
                "command line",
                "--condition-text",
                "is '" + name + "', expected one of [prompts, prompts+answers, mixed]");
    }

    /** As in flags and manifests. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace("_and_", "+");
    }

    /** One text per item, in the items' order. */
    List<String> texts(List<TaskItem> items) {
        List<String> texts = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            boolean answered = switch (this) {
                case PROMPTS -> false;
                case PROMPTS_AND_ANSWERS -> true;
                case MIXED -> i % MIX == MIX - 1;
            };
            TaskItem item = items.get(i);
            texts.add(answered ? item.prompt() + " " + item.response() : item.prompt());
        }
        return texts;
    }
}
