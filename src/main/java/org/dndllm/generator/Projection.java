package org.dndllm.generator;

/**
 * The two linear layers in front of the decoder of the official "SuperLarge" variant: long texts are brought from
 * {@code textLength} positions down to those of the first stage, then mixed once more.
 *
 * <p>The official code reshapes [N, L, C] to [N, C, L] instead of transposing it, so that both layers mix positions and
 * channels. Trained weights expect just that, so it is kept.
 *
 * @param textLength positions per prompt that the encoder gives
 */
public record Projection(int textLength) {
    public Projection {
        if (textLength < 1) {
            throw new IllegalArgumentException("text length must be at least 1, not " + textLength);
        }
    }
}
