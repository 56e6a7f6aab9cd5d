package org.dndllm.train.generator;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.Stage;

/**
 * The {@code compact} family, operation for operation {@link org.dndllm.generator.CompactGraph}: attention from each slot
 * to the tokens of each prompt, mean over prompts, then factorised hyper-convolutions. Letters within a block: (n, l, c) to
 * (n', l', c').
 */
final class CompactForward implements GeneratorForward {
    /** Keeps padding out of the softmax. */
    private static final double FAR = 1e9;

    private static final long[] ONE = {1, 1};

    private final List<Stage> stages;
    private final long[] padding;
    private final Function<String, Tensor> weights;

    CompactForward(CompactConfig config, Function<String, Tensor> weights) {
        this.stages = config.blockStages();
        this.padding = new long[] {config.kernel() / 2, config.kernel() / 2};
        this.weights = weights;
    }

    @Override
    public Tensor tokens(ConditionTensors conditions) {
        Tensor x = slots(conditions).unsqueeze(2); // [G, P, 1, H]
        for (int i = 0; i + 1 < stages.size(); i++) {
            Tensor y = block(i, x);
            x = stages.get(i).equals(stages.get(i + 1)) ? x.add(y) : y;
        }
        Tensor gain = weights.apply("tokens.gain").view(-1, 1, 1); // [T, 1, 1]
        return weights.apply("tokens.base").add(x.mul(gain)); // [G, T, R, W]
    }

    /** What the prompts say to each slot: [G, P, H]. */
    private Tensor slots(ConditionTensors conditions) {
        long channels = conditions.states().size(3);
        Tensor x = GeneratorForward.layerNorm(conditions.states(), weights, "reader.norm", channels); // [G, N, L, C]
        Tensor far = conditions.mask().sub(new Scalar(1)).mul(new Scalar(FAR)).unsqueeze(3); // [G, N, L, 1]
        Tensor scores = torch.linear(x, weights.apply("reader.query")).add(far); // [G, N, L, P]
        Tensor read = scores.softmax(2).transpose(2, 3).matmul(x); // [G, N, P, C]
        Tensor value = torch.linear(read, weights.apply("reader.value.weight"));
        return torch.gelu(value.add(weights.apply("reader.value.bias"))).mean(1);
    }

    private Tensor block(int i, Tensor input) {
        Stage in = stages.get(i);
        String name = "block." + i;
        Tensor u = GeneratorForward.layerNorm(input, weights, name + ".norm", in.l(), in.c()); // [G, n, l, c]
        Tensor sum = width(u, name + ".width").add(height(u, name + ".height").tanh());
        Tensor y = sum.add(weights.apply(name + ".bias")).flatten(2, 3); // [G, n, l' c']
        Tensor mixed = weights.apply(name + ".mix.weight").matmul(y); // [G, n', l' c']
        Stage out = stages.get(i + 1);
        Tensor bias = weights.apply(name + ".mix.bias").unsqueeze(1);
        return mixed.add(bias).view(input.size(0), out.n(), out.l(), out.c());
    }

    /** c to c' over the plane (l, n), then l to l' over (n, c'). */
    private Tensor width(Tensor u, String name) {
        Tensor widened = convolved(u.permute(0, 3, 2, 1), name, 1); // [G, l, n, c']
        Tensor heightened = convolved(widened, name, 2); // [G, n, c', l']
        return heightened.transpose(2, 3);
    }

    /** l to l' over the plane (n, c), then c to c' over (l', n). */
    private Tensor height(Tensor u, String name) {
        Tensor heightened = convolved(u.permute(0, 2, 1, 3), name, 1); // [G, n, c, l']
        Tensor widened = convolved(heightened.permute(0, 2, 3, 1), name, 2); // [G, l', n, c']
        return widened.transpose(1, 2);
    }

    /** A convolution of each channel by its own kernel, then a map of channels: [G, k, a, b] to [G, a, b, k']. */
    private Tensor convolved(Tensor x, String name, int which) {
        Tensor kernels = weights.apply(name + ".depthwise" + which);
        Tensor y = torch.conv2d(x, kernels, new TensorOptional(), ONE, padding, ONE, x.size(1));
        return torch.linear(y.permute(0, 2, 3, 1), weights.apply(name + ".pointwise" + which));
    }
}
