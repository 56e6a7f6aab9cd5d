package org.dndllm.train.encoder;

import java.util.Arrays;
import java.util.Random;
import org.dndllm.train.Seeds;
import org.dndllm.train.torch.Parameters;

/** First weights of an encoder and what is trained with it. */
final class InitialWeights {
    private static final double EMBEDDING_DEVIATION = 0.02;

    private InitialWeights() {}

    /** Norms are the identity, biases zero, tables narrow, matrices as wide as keeps variances. */
    static float[] of(Parameters.Spec spec, long seed) {
        float[] numbers = new float[Math.toIntExact(spec.shape().stream().reduce(1L, Math::multiplyExact))];
        if (spec.shape().size() == 1) {
            Arrays.fill(numbers, spec.name().endsWith("LayerNorm.weight") ? 1f : 0f);
            return numbers;
        }
        boolean table = spec.name().startsWith("embeddings.");
        double deviation =
                table ? EMBEDDING_DEVIATION : 1 / Math.sqrt(spec.shape().getLast());
        Random random = new Random(Seeds.mix(seed, spec.name().hashCode()));
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (random.nextGaussian() * deviation);
        }
        return numbers;
    }
}
