package org.dndllm.eval;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.PromptSet;
import org.dndllm.lora.BaseShape;

/** What all tasks of an evaluation share; tasks are read once. */
final class Workbench implements AutoCloseable {
    private final DragAndDrop dnd;
    private final TaskFolder folder;
    private final Optional<LoraFolder> loras;
    private final EvalOptions options;
    private final AnswerSheet sheet;
    private final PromptLikeness likeness;
    private final Map<String, TaskData> read = new HashMap<>();

    Workbench(DragAndDrop dnd, TaskFolder folder, Optional<LoraFolder> loras, EvalOptions options) {
        this.dnd = dnd;
        this.folder = folder;
        this.loras = loras;
        this.options = options;
        sheet = new AnswerSheet(
                dnd.live(), dnd.options().context(), dnd.options().adapterType(), options);
        likeness = new PromptLikeness(dnd.encoder());
    }

    DragAndDrop dnd() {
        return dnd;
    }

    TaskFolder folder() {
        return folder;
    }

    Optional<LoraFolder> loras() {
        return loras;
    }

    EvalOptions options() {
        return options;
    }

    AnswerSheet sheet() {
        return sheet;
    }

    PromptLikeness likeness() {
        return likeness;
    }

    TaskData task(String name) {
        return read.computeIfAbsent(name, folder::task);
    }

    /** Prompts that a condition has (N). */
    int prompts() {
        return dnd.bundle().prompts();
    }

    /** What the generator reads of a task: the kind of text that it was trained on. */
    PromptSet conditions(TaskData task) {
        return task.conditions(dnd.bundle().manifest().training().conditionText());
    }

    BaseShape shape() {
        return dnd.live().model().shape();
    }

    @Override
    public void close() {
        sheet.close();
    }
}
