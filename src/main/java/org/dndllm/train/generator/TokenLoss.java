package org.dndllm.train.generator;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.train.Seeds;

/**
 * Squared error to the weight tokens of checkpoints, times the weight of each token, averaged over the places that hold a
 * value. Each step draws a checkpoint of each of its tasks.
 *
 * <p>Source: arXiv 2506.16406 §3; official code, loss and noise of its trainer.
 */
final class TokenLoss implements GeneratorLoss {
    private static final double TARGET_NOISE = 1e-5;

    private final CheckpointTokens checkpoints;

    TokenLoss(CheckpointTokens checkpoints) {
        this.checkpoints = checkpoints;
    }

    @Override
    public Tensor training(Tensor tokens, int[] tasks, long seed) {
        TensorVector drawn = new TensorVector();
        for (int g = 0; g < tasks.length; g++) {
            Tensor all = checkpoints.train().get(tasks[g]); // [K, T, R, W]
            int one = Draws.distinct((int) all.size(0), 1, Seeds.mix(seed, g))[0];
            drawn.push_back(all.select(0, one));
        }
        Tensor targets = torch.stack(drawn, 0); // [G, T, R, W]
        return error(tokens, targets.add(torch.randn_like(targets), new Scalar(TARGET_NOISE)));
    }

    @Override
    public boolean validates(int task) {
        return task < checkpoints.validation().size();
    }

    @Override
    public double validation(Tensor tokens, int task) {
        return error(tokens, checkpoints.validation().get(task)).item_float();
    }

    /** Mean over all checkpoints of the batch. */
    private Tensor error(Tensor tokens, Tensor targets) {
        return tokens.sub(targets)
                .square()
                .mul(checkpoints.weights())
                .sum()
                .div(new Scalar((double) checkpoints.values() * targets.size(0)));
    }
}
