package org.dndllm.train;

import java.util.OptionalDouble;
import org.bytedeco.pytorch.Tensor;

/**
 * What a training run minimises. Everything it returns must be a function of its arguments, the parameters and the run's
 * seed: a run that was killed repeats steps and must find the same.
 */
public interface TrainingJob {
    /**
     * The loss of one part of a step, with its graph; the run calls backward. LibTorch's generator is seeded for this part.
     *
     * @param step from 0
     * @param part of the step, from 0, where gradients are accumulated over several
     * @return a scalar in the caller's scope
     */
    Tensor loss(long step, int part);

    /** The loss on validation data under the parameters as they are; empty when there is none. Never the test split. */
    default OptionalDouble validationLoss() {
        return OptionalDouble.empty();
    }

    /**
     * Called after the parameters moved. A killed and resumed run may call it again for a step; it then finds what it left.
     *
     * @param steps taken so far, from 1
     */
    default void afterStep(long steps) {}
}
