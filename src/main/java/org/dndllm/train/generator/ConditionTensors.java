package org.dndllm.train.generator;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The conditions of G tasks, in the scope in which they were drawn.
 *
 * @param states [G, N, L, C]
 * @param mask [G, N, L], 1 for a real token and 0 for padding
 */
record ConditionTensors(Tensor states, Tensor mask) {
    /** With normal noise on the states, from LibTorch's generator. */
    ConditionTensors withNoise(double deviation) {
        return new ConditionTensors(states.add(torch.randn_like(states), new Scalar(deviation)), mask);
    }
}
