package org.dndllm.engine;

/**
 * What an adapter does to the next-token distribution after a probe text, against the base model.
 *
 * @param maxAbs largest absolute change of a logit
 * @param meanAbs mean absolute change over the vocabulary
 * @param klDivergence KL(base || adapted) in nats
 * @param firstTokenChanged whether the most likely next token is another one
 */
public record Effect(double maxAbs, double meanAbs, double klDivergence, boolean firstTokenChanged) {

    /** @param base [V] logits of the base model @param adapted [V] logits with the adapter, same text */
    static Effect between(float[] base, float[] adapted) {
        if (base.length != adapted.length) {
            throw new IllegalArgumentException("vocabularies of " + base.length + " and " + adapted.length + " tokens");
        }
        double max = 0;
        double sum = 0;
        double kl = 0;
        double baseNorm = logSumExp(base);
        double adaptedNorm = logSumExp(adapted);
        for (int v = 0; v < base.length; v++) {
            double change = Math.abs((double) adapted[v] - base[v]);
            max = Math.max(max, change);
            sum += change;
            double logP = base[v] - baseNorm;
            kl += Math.exp(logP) * (logP - (adapted[v] - adaptedNorm));
        }
        return new Effect(max, sum / base.length, Math.max(0, kl), argmax(base) != argmax(adapted));
    }

    private static double logSumExp(float[] logits) {
        double top = logits[argmax(logits)];
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - top);
        }
        return top + Math.log(sum);
    }

    private static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }
}
