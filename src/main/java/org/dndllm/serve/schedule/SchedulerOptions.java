package org.dndllm.serve.schedule;

import org.dndllm.InvalidInputException;
import org.dndllm.llama.ContextOptions;

/**
 * How much runs at once.
 *
 * @param context length, batch and threads of each context; its sequences and outputs are set by the scheduler
 * @param parallel generations that one context computes side by side
 * @param contexts contexts at most, which is how many adapter sets are served in turn
 * @param queue requests that may wait at most
 */
public record SchedulerOptions(ContextOptions context, int parallel, int contexts, int queue) {
    /** Finished sequences kept beside the running ones, for their beginnings. */
    private static final int KEPT_PER_RUNNING = 1;

    public SchedulerOptions {
        require(parallel >= 1 && parallel <= 64, "parallel", parallel, "1 to 64");
        require(contexts >= 1 && contexts <= 64, "contexts", contexts, "1 to 64");
        require(queue >= 1 && queue <= 1 << 16, "queue", queue, "1 to 65536");
    }

    private static void require(boolean holds, String field, int value, String expected) {
        if (!holds) {
            throw new InvalidInputException("scheduler options", field, value + " given, expected " + expected);
        }
    }

    /** Sequences of a context: those that run and those that are kept. */
    int sequences() {
        return parallel * (1 + KEPT_PER_RUNNING);
    }

    ContextOptions contextOptions() {
        return context.withSequences(sequences()).withMaxOutputs(sequences());
    }
}
