package org.dndllm.encoder;

import java.util.Arrays;

/**
 * What the generator is conditioned on: the encoder's state of every token of N prompts.
 *
 * <p>States at padding positions are the encoder's outputs there, not zeros: the official code hands them to its decoder
 * unmasked, and a trained official decoder expects them. Whoever wants them gone has {@link #mask}.
 *
 * @param prompts N
 * @param length L, positions per prompt
 * @param width C, channels per position
 * @param states [N, L, C] row-major
 * @param mask [N, L] row-major, true = real token
 * @param tokenCounts [N] real tokens per prompt after truncation, [CLS] and [SEP] included
 */
public record Condition(int prompts, int length, int width, float[] states, boolean[] mask, int[] tokenCounts) {
    public Condition {
        long positions = (long) prompts * length;
        if (states.length != positions * width || mask.length != positions || tokenCounts.length != prompts) {
            throw new IllegalArgumentException("condition [" + prompts + ", " + length + ", " + width + "] does not fit "
                    + states.length + " states, " + mask.length + " mask values, " + tokenCounts.length + " counts");
        }
    }

    /** The state of one position: [C], a copy. */
    public float[] state(int prompt, int position) {
        int from = (prompt * length + position) * width;
        return Arrays.copyOfRange(states, from, from + width);
    }

    /** Mean over the real tokens of each prompt, not normalised: [N][C]. */
    public float[][] promptMeans() {
        float[][] means = new float[prompts][];
        for (int n = 0; n < prompts; n++) {
            means[n] = Pooling.mean(states, n * length, mask, length, width);
        }
        return means;
    }
}
