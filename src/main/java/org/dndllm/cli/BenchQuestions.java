package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.TaskRole;
import org.dndllm.eval.likelihood.ChoiceQuestion;

/** Multiple-choice questions made of the nano set's held-out tasks: an item with its answer and answers of other items. */
final class BenchQuestions {
    private BenchQuestions() {}

    /** @param seed of the choice of items and wrong answers */
    static List<ChoiceQuestion> of(TaskFolder folder, int count, int options, long seed) {
        List<List<TaskItem>> tasks = new ArrayList<>();
        for (String name : folder.names(TaskRole.HELD_OUT)) {
            tasks.add(new ArrayList<>(folder.task(name).test()));
        }
        Random random = new Random(seed);
        List<ChoiceQuestion> questions = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            List<TaskItem> items = tasks.get(i % tasks.size());
            Collections.shuffle(items, random);
            Set<String> answers = new LinkedHashSet<>();
            for (int item = 0; item < items.size() && answers.size() < options; item++) {
                answers.add(items.get(item).response());
            }
            questions.add(
                    new ChoiceQuestion("question " + (i + 1), items.getFirst().question(), List.copyOf(answers)));
        }
        return questions;
    }
}
