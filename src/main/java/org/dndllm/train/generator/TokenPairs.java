package org.dndllm.train.generator;

import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.ModuleTokens;
import org.dndllm.lora.ScaleBorder;
import org.dndllm.lora.TokenForm;
import org.dndllm.train.AdapterTensors;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * Puts adapters together from weight tokens as {@link AdapterLayout#detokenize} does, in tensor operations that gradients
 * pass through. Used by one thread; whoever makes it closes it.
 */
final class TokenPairs implements AutoCloseable {
    /** Estimates in a scale border: two of the mean, two of the deviation's logarithm. */
    private static final int ESTIMATES = 4;

    private final AdapterLayout layout;
    private final Tensor readers; // [R * W, 4] how the border's copies are averaged

    TokenPairs(AdapterLayout layout, TorchDevice device) {
        this.layout = layout;
        int width = layout.rows() * layout.columns();
        readers = Tensors.keep(Tensors.of(readers(layout), device, width, ESTIMATES));
    }

    /** @param tokens [G, T, R, W]; the pairs belong to the caller's scope */
    AdapterTensors adapters(Tensor tokens) {
        Tensor chunks = layout.form() == TokenForm.STANDARDIZED ? restored(tokens) : tokens; // [G, T, r, chunk]
        Map<AdapterTensors.Site, AdapterTensors.Pair> pairs = new HashMap<>();
        for (ModuleTokens place : layout.moduleTokens()) {
            int in = layout.shape().in(place.module());
            int out = layout.shape().out(place.module());
            Tensor a = joined(chunks, place.firstA(), place.countA(), in);
            Tensor b = joined(chunks, place.firstB(), place.countB(), out).transpose(1, 2);
            pairs.put(new AdapterTensors.Site(place.layer(), place.module()), new AdapterTensors.Pair(a, b));
        }
        return new AdapterTensors(pairs, (double) layout.alpha() / layout.rank(), 0);
    }

    /** Chunks side by side: [G, r, features]. */
    private static Tensor joined(Tensor chunks, int first, int count, int features) {
        Tensor rows = chunks.narrow(1, first, count).transpose(1, 2); // [G, r, count, chunk]
        return rows.flatten(2, 3).narrow(2, 0, features);
    }

    /** Undoes the standardisation: [G, T, R, W] to [G, T, r, chunk]. */
    private Tensor restored(Tensor tokens) {
        Tensor estimates = tokens.flatten(2, 3).matmul(readers); // [G, T, 4]
        Tensor mean = estimates.narrow(2, 0, 2).mean(2).div(new Scalar(ScaleBorder.MEAN_FACTOR));
        Tensor logarithms = estimates.narrow(2, 2, 2).sub(new Scalar(ScaleBorder.LOG_OFFSET));
        Tensor deviations = logarithms.exp().sub(new Scalar(ScaleBorder.DEVIATION_OFFSET));
        Tensor deviation = deviations.mean(2).div(new Scalar(ScaleBorder.DEVIATION_FACTOR));
        Tensor body = tokens.narrow(2, 0, layout.rank()).narrow(3, 0, layout.chunk());
        return body.mul(perToken(deviation)).add(perToken(mean));
    }

    /** [G, T] to [G, T, 1, 1]. */
    private static Tensor perToken(Tensor values) {
        return values.unsqueeze(2).unsqueeze(3);
    }

    /**
     * [R * W, 4] row-major: two estimates of the mean, then two of the logarithm. The first of each averages the copies in
     * the second last row with those in the even rows' last columns, the second those in the last row and the odd rows.
     */
    private static float[] readers(AdapterLayout layout) {
        int rows = layout.rows();
        int columns = layout.columns();
        float[] readers = new float[rows * columns * ESTIMATES];
        for (int member = 0; member < 2; member++) {
            for (int half = 0; half < 2; half++) {
                int estimate = 2 * member + half;
                int row = rows - 2 + half;
                for (int c = member; c < columns; c += 2) {
                    readers[(row * columns + c) * ESTIMATES + estimate] += 0.5f / (columns / 2);
                }
                int counted = (rows - half + 1) / 2;
                for (int r = half; r < rows; r += 2) {
                    readers[(r * columns + columns - 2 + member) * ESTIMATES + estimate] += 0.5f / counted;
                }
            }
        }
        return readers;
    }

    @Override
    public void close() {
        Tensors.release(readers);
    }
}
