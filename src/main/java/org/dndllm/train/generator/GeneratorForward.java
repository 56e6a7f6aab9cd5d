package org.dndllm.train.generator;

import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.PaperConfig;

/**
 * A generator's forward pass over several conditions at once, differentiable in its weights. The results belong to the
 * caller's scope, the weights to whoever gave them.
 */
interface GeneratorForward {
    /** Added to the variance in every normalisation; PyTorch's default. */
    double EPSILON = 1e-5;

    /**
     * @param conditions states [G, N, L, C] and mask [G, N, L]
     * @return weight tokens [G, T, R, W]
     */
    Tensor tokens(ConditionTensors conditions);

    /**
     * The forward pass of a configuration's family.
     *
     * @param weights gives the tensor of each name in {@link GeneratorConfig#weightShapes}
     */
    static GeneratorForward of(GeneratorConfig config, Function<String, Tensor> weights) {
        return switch (config) {
            case PaperConfig paper -> new PaperForward(paper, weights);
            case CompactConfig compact -> new CompactForward(compact, weights);
        };
    }

    /** Normalises the last dimensions; gain and offset are called {@code name.weight} and {@code name.bias}. */
    static Tensor layerNorm(Tensor x, Function<String, Tensor> weights, String name, long... extents) {
        return torch.layer_norm(
                x,
                extents,
                new TensorOptional(weights.apply(name + ".weight")),
                new TensorOptional(weights.apply(name + ".bias")),
                EPSILON,
                false);
    }
}
