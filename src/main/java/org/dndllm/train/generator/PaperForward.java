package org.dndllm.train.generator;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightNames;

/**
 * The official decoder, operation for operation {@link org.dndllm.generator.HyperConvGraph}. Padding is not masked.
 *
 * <p>Source: arXiv 2506.16406 §3.3; official code, commit 60e2192, {@code module/hyperconv.py}.
 */
final class PaperForward implements GeneratorForward {
    private static final long[] ONE = {1, 1};

    private final PaperConfig config;
    private final Function<String, Tensor> weights;

    PaperForward(PaperConfig config, Function<String, Tensor> weights) {
        this.config = config;
        this.weights = weights;
    }

    @Override
    public Tensor tokens(ConditionTensors conditions) {
        List<Stage> stages = config.stages();
        Tensor x = projected(conditions.states()); // [G, N, L, C]
        for (int i = 0; i + 1 < stages.size(); i++) {
            Tensor y = layerwise(i, hyperConv(i, x));
            x = stages.get(i).equals(stages.get(i + 1)) ? x.add(y) : y;
        }
        return x;
    }

    /** [G, N, textLength, C] read as rows of textLength values, two linear layers, read back as [G, N, L, C]. */
    private Tensor projected(Tensor states) {
        if (config.projection().isEmpty()) {
            return states;
        }
        Stage first = config.stages().getFirst();
        Tensor rows = states.reshape(-1, config.textLength());
        Tensor gate = linear(linear(rows, WeightNames.DOWN), WeightNames.GATE);
        return gate.reshape(states.size(0), first.n(), first.l(), first.c());
    }

    private Tensor linear(Tensor x, String name) {
        return torch.linear(x, weights.apply(name + WeightNames.WEIGHT), weights.apply(name + WeightNames.BIAS));
    }

    /** (width branch + tanh(height branch) + bias) / 3; [G, N, L, C] to [G, N, L', C']. */
    private Tensor hyperConv(int i, Tensor input) {
        Stage in = config.stages().get(i);
        Tensor x = GeneratorForward.layerNorm(input, weights, WeightNames.hyper(i, "norm"), in.l(), in.c());
        Tensor sum = width(i, x).add(height(i, x).tanh()).add(weights.apply(WeightNames.hyperBias(i)));
        return sum.div(new Scalar(3));
    }

    /** C to C' over the plane (L, N), then L to L' over (N, C'). */
    private Tensor width(int i, Tensor x) {
        Tensor widened = conv(x.permute(0, 3, 2, 1), WeightNames.hyper(i, "conv1w")); // [G, C', L, N]
        Tensor heightened = conv(widened.permute(0, 2, 3, 1), WeightNames.hyper(i, "conv1h")); // [G, L', N, C']
        return heightened.permute(0, 2, 1, 3);
    }

    /** L to L' over the plane (N, C), then C to C' over (L', N). */
    private Tensor height(int i, Tensor x) {
        Tensor heightened = conv(x.permute(0, 2, 1, 3), WeightNames.hyper(i, "conv2h")); // [G, L', N, C]
        Tensor widened = conv(heightened.permute(0, 3, 1, 2), WeightNames.hyper(i, "conv2w")); // [G, C', L', N]
        return widened.permute(0, 3, 2, 1);
    }

    /** N to N' over the plane (L', C'), with bias. */
    private Tensor layerwise(int i, Tensor x) {
        String name = WeightNames.layerwise(i);
        return conv(x, name, new TensorOptional(weights.apply(name + WeightNames.BIAS)));
    }

    private Tensor conv(Tensor x, String name) {
        return conv(x, name, new TensorOptional());
    }

    private Tensor conv(Tensor x, String name, TensorOptional bias) {
        return torch.conv2d(x, weights.apply(name + WeightNames.WEIGHT), bias, ONE, "same", ONE, 1);
    }
}
