package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;

/**
 * One pass over the test items of a task under one adapter set.
 *
 * @param label which LoRA, seed or prompts
 * @param answers the model's answer to every item
 * @param hits whether each of them is right
 */
public record Run(String label, List<String> answers, List<Boolean> hits) {
    public Run {
        answers = List.copyOf(answers);
        hits = List.copyOf(hits);
    }

    static Run of(String label, List<TaskItem> items, List<String> answers) {
        List<Boolean> hits = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            hits.add(items.get(i).isAnsweredBy(answers.get(i)));
        }
        return new Run(label, answers, hits);
    }

    /** How many answers are right. */
    public int right() {
        return (int) hits.stream().filter(hit -> hit).count();
    }

    /** Share of right answers, 0 to 1. */
    public double accuracy() {
        return (double) right() / hits.size();
    }
}
