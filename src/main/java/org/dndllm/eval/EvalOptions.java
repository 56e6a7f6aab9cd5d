package org.dndllm.eval;

import java.util.List;
import java.util.stream.LongStream;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ContextOptions;

/**
 * How to evaluate.
 *
 * @param items test items per task, from the first; 0 for all
 * @param seeds of the prompt draws, one generated adapter each
 * @param maxTokens longest answer
 * @param shots demonstrations of the few-shot control at most; fewer where the context is too short
 * @param parallel answers in the making at once
 */
public record EvalOptions(int items, List<Long> seeds, int maxTokens, int shots, int parallel) {
    /** All items, three seeds, answers of up to 16 tokens. */
    public static final EvalOptions DEFAULT = new EvalOptions(0, seeds(3), 16, 32, 32);

    public EvalOptions {
        seeds = List.copyOf(seeds);
        require(items >= 0, "items", items);
        require(!seeds.isEmpty(), "seeds", seeds.size());
        require(maxTokens >= 1, "maxTokens", maxTokens);
        require(shots >= 1, "shots", shots);
        require(parallel >= 1 && parallel < ContextOptions.MAX_SEQUENCES, "parallel", parallel);
    }

    private static void require(boolean holds, String field, int value) {
        if (!holds) {
            throw new InvalidInputException("evaluation options", field, "is " + value + ", out of range");
        }
    }

    /** 1, 2, ... {@code count}. */
    public static List<Long> seeds(int count) {
        return LongStream.rangeClosed(1, count).boxed().toList();
    }
}
