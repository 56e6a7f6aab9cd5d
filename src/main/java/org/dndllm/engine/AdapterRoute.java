package org.dndllm.engine;

import java.util.List;

/** The way from prompts to an adapter. The owner closes it; one run at a time. */
sealed interface AdapterRoute extends AutoCloseable permits SeparateRoute, FusedRoute {
    /**
     * What a run leaves.
     *
     * @param adapter A and B of every target module
     * @param means [N][C] mean of the real tokens' states of each prompt
     * @param tokenCounts [N] real tokens of each prompt
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once
    record Made(LazyWeights adapter, float[][] means, int[] tokenCounts) {}

    /**
     * Makes an adapter.
     *
     * @param prompts the N that were drawn
     * @param times gets the time of each stage
     * @throws org.dndllm.InvalidInputException when the generator's output is not finite
     */
    Made run(List<String> prompts, StageTimes times, Progress progress);

    @Override
    void close();
}
