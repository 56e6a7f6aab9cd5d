package org.dndllm.eval.experiment;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;

/** Which prompts the generator reads for a task; always from training splits. */
public sealed interface Prompts {
    /** All training prompts of the task, drawn afresh for every adapter. */
    Prompts OWN = new Pool(Integer.MAX_VALUE);

    /**
     * The task's own, from a fixed pool that the draw's seed chooses.
     *
     * @param size prompts in the pool at most
     */
    record Pool(int size) implements Prompts {
        @Override
        public PromptSet of(Source source, String task, int count, long seed) {
            PromptSet all = source.prompts(task);
            return size >= all.size()
                    ? all
                    : new PromptSet(all.source(), all.draw(size, seed).prompts());
        }
    }

    /**
     * Some of the task's own and the rest from another task.
     *
     * @param percent of other prompts, 1 to 99
     * @param role of the other task, the next one of that role by name for each further seed
     */
    record Mixed(int percent, TaskRole role) implements Prompts {
        @Override
        public PromptSet of(Source source, String task, int count, long seed) {
            List<String> others = new ArrayList<>(source.folder().names(role));
            others.removeIf(other -> other.compareTo(task) == 0);
            int after = (int)
                    others.stream().filter(other -> other.compareTo(task) < 0).count();
            String other = others.get(Math.floorMod(after + seed - 1, others.size()));
            int strange = Math.max(1, count * percent / 100);
            PromptSet own = source.prompts(task);
            List<String> mixed =
                    new ArrayList<>(own.draw(Math.max(1, count - strange), seed).prompts());
            mixed.addAll(source.prompts(other).draw(strange, seed).prompts());
            return new PromptSet(own.source() + " with " + other, mixed);
        }

        @Override
        public String absent(TaskFolder folder, TaskRole of) {
            int others = folder.names(role).size() - (role == of ? 1 : 0);
            return others > 0 ? "" : "no other task of role " + role.label();
        }
    }

    /**
     * Where prompts come from.
     *
     * @param text the kind of text that the generator was trained on
     */
    record Source(TaskFolder folder, ConditionText text) {
        PromptSet prompts(String task) {
            return folder.task(task).conditions(text);
        }
    }

    /**
     * The set that {@code count} prompts are drawn from with {@code seed}.
     *
     * @throws org.dndllm.InvalidInputException if a task has no training split
     */
    PromptSet of(Source source, String task, int count, long seed);

    /**
     * Why there are no such prompts in a folder; empty where there are.
     *
     * @param of role of the tasks that they are for
     */
    default String absent(TaskFolder folder, TaskRole of) {
        return "";
    }
}
