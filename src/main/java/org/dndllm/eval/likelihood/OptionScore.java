package org.dndllm.eval.likelihood;

/**
 * How probable a model finds an option.
 *
 * @param total sum of the log-probabilities of its tokens, each given all before it; nats, at most 0; NaN when the model's
 *     logits are not finite
 * @param tokens how many were summed
 * @param bytes of the option in UTF-8
 */
public record OptionScore(double total, int tokens, int bytes) {
    /** Mean log-probability of a token, in nats. */
    public double perToken() {
        return total / tokens;
    }

    /** Log-probability by byte, in nats: comparable between vocabularies. */
    public double perByte() {
        return total / bytes;
    }
}
