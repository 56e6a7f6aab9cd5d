package org.dndllm.train.generator;

import org.bytedeco.pytorch.Tensor;

/** How good weight tokens are for the tasks whose prompts they were made from. */
interface GeneratorLoss {
    /**
     * The training loss: a scalar with its graph, in the caller's scope.
     *
     * @param tokens [G, T, R, W]
     * @param tasks [G] places among the training tasks
     * @param seed of whatever is drawn
     */
    Tensor training(Tensor tokens, int[] tasks, long seed);

    /** Whether anything of a validation task is set aside for this loss. */
    boolean validates(int task);

    /**
     * The loss on what is set aside of a validation task.
     *
     * @param tokens [1, T, R, W]
     * @param task place among the validation tasks
     */
    double validation(Tensor tokens, int task);
}
