package org.dndllm.eval.experiment;

import java.util.List;
import org.dndllm.eval.TaskItem;
import org.dndllm.lora.LoraWeights;

/** Trains LoRAs on labelled items. What can do that stands above this package; reports of what is done need none. */
public interface Tuner extends AutoCloseable {
    /**
     * A trained LoRA.
     *
     * @param wallSeconds of the steps alone: no loading, no tokenising, no checkpoint
     * @param cpuSeconds of the whole process meanwhile
     */
    record Tuned(LoraWeights weights, double wallSeconds, double cpuSeconds) {}

    /**
     * Trains from the start.
     *
     * @param items at least one; all are used
     * @param steps of the whole run, over which its schedule is stretched
     * @param name for messages
     */
    Tuned tune(List<TaskItem> items, long steps, String name);

    @Override
    void close();
}
