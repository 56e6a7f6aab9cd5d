package org.dndllm.serve.evaluation;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.TaskItem;
import org.dndllm.llama.AdapterSet;

/**
 * A model that is scored.
 *
 * @param adapter its name; empty for the base model
 * @param set what to compute with; its adapters stay loaded until the evaluation has ended
 * @param condition {@link PromptSet#hash} of each prompt that it was generated from; empty where nobody knows
 */
public record Contender(Optional<String> adapter, AdapterSet set, Optional<Set<String>> condition) {
    /** The base model. */
    public static final Contender BASE = new Contender(Optional.empty(), AdapterSet.EMPTY, Optional.of(Set.of()));

    public Contender {
        condition = condition.map(Set::copyOf);
    }

    /** For people. */
    String label() {
        return adapter.orElse("base model");
    }

    /** How many items have a prompt that it was generated from; empty where nobody knows. */
    Optional<Integer> conditionItems(List<TaskItem> items) {
        return condition.map(known -> (int) items.stream()
                .filter(item -> known.contains(PromptSet.hash(item.prompt())))
                .count());
    }
}
