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
 * @param shots demonstrations of the few-shot control at most, fewer where the context is too short; 0 for as many as the
 *     generator reads prompts, which are then the same ones with their answers
 * @param parallel answers in the making at once
 */
public record EvalOptions(int items, List<Long> seeds, int maxTokens, int shots, int parallel) {
    /** All items, three seeds, answers of up to 16 tokens. */
    public static final EvalOptions DEFAULT = new EvalOptions(0, seeds(3), 16, 0, 32);

    public EvalOptions {
        seeds = List.copyOf(seeds);
        require(items >= 0, "items", items, "0 for all, or a positive number");
        require(!seeds.isEmpty(), "seeds", 0, "at least one");
        require(maxTokens >= 1, "maxTokens", maxTokens, "at least 1");
        require(shots >= 0, "shots", shots, "0 for the generator's own number, or a positive one");
        require(
                parallel >= 1 && parallel < ContextOptions.MAX_SEQUENCES,
                "parallel",
                parallel,
                "1 to " + (ContextOptions.MAX_SEQUENCES - 1));
    }

    private static void require(boolean holds, String field, int value, String expected) {
        if (!holds) {
            throw new InvalidInputException("evaluation options", field, value + " given, expected " + expected);
        }
    }

    /** 1, 2, ... {@code count}. */
    public static List<Long> seeds(int count) {
        return LongStream.rangeClosed(1, count).boxed().toList();
    }
}
