package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.PromptSet;

/**
 * A task with its splits, which share no prompt: conditions and demonstrations come from {@code train}, scores from
 * {@code test}, and {@code validation} is not read here at all.
 *
 * @param name file names begin with it
 * @param role what it is for, where the folder says
 * @param source path of its files up to the split's name, for messages
 * @param train labelled items whose prompts condition the generator; empty when the file is absent
 * @param validation for early stopping; empty when the file is absent
 * @param test scored items; empty when the file is absent
 * @param warnings about its content, possibly nothing
 */
public record TaskData(
        String name,
        Optional<TaskRole> role,
        String source,
        List<TaskItem> train,
        List<TaskItem> validation,
        List<TaskItem> test,
        List<String> warnings) {
    public TaskData {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
        test = List.copyOf(test);
        warnings = List.copyOf(warnings);
    }

    /**
     * The prompts of the training split, without their answers.
     *
     * @throws InvalidInputException if there is no training split
     */
    public PromptSet trainPrompts() {
        requireTrain();
        return new PromptSet(
                source + TaskFolder.TRAIN, train.stream().map(TaskItem::prompt).toList());
    }

    /**
     * What a generator that was trained on texts of this kind is to read: made of the training split, never of the test
     * split. Item by item in the order of {@link #trainPrompts}, so that the same draw is of the same items.
     *
     * @throws InvalidInputException if there is no training split
     */
    public PromptSet conditions(ConditionText kind) {
        requireTrain();
        List<String> texts = new ArrayList<>(train.size());
        for (TaskItem item : train) {
            texts.add(kind.of(texts.size(), item.prompt(), item.response()));
        }
        return new PromptSet(source + TaskFolder.TRAIN, texts);
    }

    /**
     * Refuses a task that cannot be scored.
     *
     * @throws InvalidInputException if there is no training or no test split
     */
    public void requireScorable() {
        requireTrain();
        if (test.isEmpty()) {
            throw new InvalidInputException(
                    source + TaskFolder.TEST, "file", "has no item; nothing to score. Add the test split");
        }
    }

    private void requireTrain() {
        if (train.isEmpty()) {
            throw new InvalidInputException(
                    source + TaskFolder.TRAIN,
                    "file",
                    "has no item; conditions are drawn from the training split and never from the test split. Add it");
        }
    }
}
