package org.dndllm.generator;

import java.util.List;
import java.util.SplittableRandom;

/**
 * The distributions of the official code: convolutions and the bias of the layerwise one U(-b, b) with b = 1 / sqrt(fan
 * in) (PyTorch's default), stage biases U(-1/m, 1/m) with m their size, norms one and zero, projections N(0, 1) with
 * PyTorch's default bias.
 */
final class PaperWeights extends SeededWeights {
    PaperWeights(PaperConfig config, long seed) {
        super(config.weightShapes(), seed);
    }

    @Override
    void fill(Row row, SplittableRandom random) {
        String name = row.name();
        if (name.contains(".norm.")) {
            row.fill(name.endsWith(WeightNames.WEIGHT) ? 1 : 0);
        } else if (name.equals(WeightNames.DOWN + WeightNames.WEIGHT)
                || name.equals(WeightNames.GATE + WeightNames.WEIGHT)) {
            row.gaussian(random, 1);
        } else if (name.endsWith(".linear1.bias")) {
            row.uniform(random, 1f / product(row.shape()));
        } else {
            // A bias is drawn like the weight it belongs to.
            List<Long> weight = name.endsWith(WeightNames.BIAS)
                    ? shape(name.replace(WeightNames.BIAS, WeightNames.WEIGHT))
                    : row.shape();
            row.uniform(random, boundOfFanIn(weight));
        }
    }
}
