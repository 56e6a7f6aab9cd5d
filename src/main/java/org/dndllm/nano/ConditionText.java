package org.dndllm.nano;

import java.util.ArrayList;
import java.util.List;

/** What of a task's items the encoder reads. Source: arXiv 2506.16406 Table 4a. */
public enum ConditionText {
    /** The product's way: no labels. */
    PROMPTS,
    /** Every prompt with its answer. */
    PROMPTS_AND_ANSWERS,
    /** Four prompts alone, then one with its answer, and so on. */
    MIXED;

    private static final int MIX = 5;

    /** One text per item, in the items' order. */
    public List<String> texts(List<Turn> items) {
        List<String> texts = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            boolean answered = switch (this) {
                case PROMPTS -> false;
                case PROMPTS_AND_ANSWERS -> true;
                case MIXED -> i % MIX == MIX - 1;
            };
            Turn item = items.get(i);
            texts.add(answered ? item.prompt() + " " + item.response() : item.prompt());
        }
        return texts;
    }
}
