package org.dndllm.train;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * Sequences side by side, padded on the right to the longest: a causal model never looks at padding from a real token. The
 * rows of each group follow one another; a group has an adapter of its own where adapters come in batches. Tensors belong
 * to the scope in which the batch is made.
 *
 * @param groups G, at least 1; divides the number of rows
 * @param tokens [B, T] int64, B = G * S rows
 * @param positions [M] int64, flat places in [B * T] whose next token counts
 * @param targets [M] int64, those next tokens
 * @param rows [M] int64, the row of each
 */
public record TokenBatch(int groups, Tensor tokens, Tensor positions, Tensor targets, Tensor rows) {
    /** One group. */
    public static TokenBatch of(List<Example> examples, TorchDevice device) {
        return of(1, examples, device);
    }

    /**
     * Several groups of equally many rows.
     *
     * @param examples those of the first group first
     */
    public static TokenBatch of(int groups, List<Example> examples, TorchDevice device) {
        int batch = examples.size();
        if (groups < 1 || batch == 0 || batch % groups != 0) {
            throw new IllegalArgumentException(batch + " examples in " + groups + " groups");
        }
        int length = examples.stream().mapToInt(Example::length).max().orElseThrow() - 1;
        long[] tokens = new long[batch * length]; // the last token of a row is only a target
        java.util.stream.LongStream.Builder positions = java.util.stream.LongStream.builder();
        java.util.stream.LongStream.Builder targets = java.util.stream.LongStream.builder();
        java.util.stream.LongStream.Builder rows = java.util.stream.LongStream.builder();
        for (int row = 0; row < batch; row++) {
            Example example = examples.get(row);
            int[] sequence = example.tokens();
            boolean[] answer = example.answer();
            for (int t = 0; t + 1 < sequence.length; t++) {
                tokens[row * length + t] = sequence[t];
                if (answer[t + 1]) {
                    positions.add((long) row * length + t);
                    targets.add(sequence[t + 1]);
                    rows.add(row);
                }
            }
        }
        long[] places = positions.build().toArray();
        if (places.length == 0) {
            throw new IllegalArgumentException("no token of the batch counts");
        }
        return new TokenBatch(
                groups,
                Tensors.of(tokens, device, batch, length),
                Tensors.of(places, device, places.length),
                Tensors.of(targets.build().toArray(), device, places.length),
                Tensors.of(rows.build().toArray(), device, places.length));
    }
}
