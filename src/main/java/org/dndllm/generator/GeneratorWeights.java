package org.dndllm.generator;

import org.dndllm.InvalidInputException;
import org.dndllm.lora.AdapterLayout;

/**
 * Untrained weights of a generator. The numbers come from Java's SplittableRandom, not from PyTorch's generator; they
 * depend on the seed, the name and the row alone.
 */
public final class GeneratorWeights {
    private GeneratorWeights() {}

    /** Weights of the paper's family with the distributions of the official code. */
    public static WeightSource random(PaperConfig config, long seed) {
        return new PaperWeights(config, seed);
    }

    /**
     * Weights of the compact family: norms 1 and 0; query N(0, 1/C); value and pointwise maps and mixes U(-b, b) with b = 1
     * / sqrt(inputs); depthwise filters N(0, 0.1^2) with 1 added at the centre; value and block biases 0; gain 0.1; base
     * tokens U(-sqrt(3/in), sqrt(3/in)) where they belong to an A, 0 where to a B.
     *
     * @param layout says which token belongs to which matrix
     * @throws InvalidInputException when the layout has other tokens than the configuration, or is not plain
     */
    public static WeightSource random(CompactConfig config, AdapterLayout layout, long seed) {
        return new CompactWeights(config, layout, seed);
    }
}
