package org.dndllm.encoder;

/**
 * What a condition looks like from afar: are the prompts told apart, or has everything collapsed into one point?
 *
 * @param prompts N
 * @param length L
 * @param width C
 * @param realTokens tokens that are not padding, over all prompts
 * @param paddingShare padding positions / all positions, 0 to 1
 * @param fullPrompts prompts that fill all positions and were probably cut
 * @param embeddingMean mean over prompts and channels of the mean-pooled embedding (not normalised)
 * @param embeddingVariance mean over channels of the variance between prompts (0 = all alike)
 * @param meanCosine mean cosine over pairs of different prompts; 1 for a single prompt
 * @param minCosine smallest of those cosines
 */
public record ConditionStats(
        int prompts,
        int length,
        int width,
        long realTokens,
        double paddingShare,
        int fullPrompts,
        double embeddingMean,
        double embeddingVariance,
        double meanCosine,
        double minCosine) {
    /** Above this mean cosine prompts are as good as one; a working encoder on mixed prompts stays far below. */
    public static final double COLLAPSED_ABOVE = 0.99;

    /** Measures a condition; cost is N² C for the cosines. */
    public static ConditionStats of(Condition condition) {
        return of(condition.promptMeans(), condition.length(), condition.tokenCounts());
    }

    /**
     * Measures a condition that is known by its prompts' means alone.
     *
     * @param means [N][C] as {@link Condition#promptMeans()}, N at least 1
     * @param length L
     * @param tokenCounts [N] real tokens of each prompt
     */
    public static ConditionStats of(float[][] means, int length, int[] tokenCounts) {
        long real = 0;
        int full = 0;
        for (int count : tokenCounts) {
            real += count;
            full += count == length ? 1 : 0;
        }
        double[] cosines = cosines(means);
        return new ConditionStats(
                means.length,
                length,
                means[0].length,
                real,
                1 - (double) real / ((double) means.length * length),
                full,
                mean(means),
                varianceBetween(means),
                cosines[0],
                cosines[1]);
    }

    /** Whether the prompts are indistinguishable; never for a single prompt. */
    public boolean collapsed() {
        return prompts > 1 && meanCosine > COLLAPSED_ABOVE;
    }

    private static double mean(float[][] vectors) {
        double sum = 0;
        for (float[] vector : vectors) {
            for (float value : vector) {
                sum += value;
            }
        }
        return sum / ((double) vectors.length * vectors[0].length);
    }

    private static double varianceBetween(float[][] vectors) {
        double total = 0;
        int width = vectors[0].length;
        for (int c = 0; c < width; c++) {
            double mean = 0;
            for (float[] vector : vectors) {
                mean += vector[c];
            }
            mean /= vectors.length;
            for (float[] vector : vectors) {
                total += (vector[c] - mean) * (vector[c] - mean);
            }
        }
        return total / ((double) vectors.length * width);
    }

    /** Mean and least cosine of all pairs. */
    private static double[] cosines(float[][] vectors) {
        if (vectors.length < 2) {
            return new double[] {1, 1};
        }
        float[][] units = new float[vectors.length][];
        for (int n = 0; n < vectors.length; n++) {
            units[n] = Pooling.normalize(vectors[n].clone());
        }
        double sum = 0;
        double least = 1;
        for (int n = 1; n < units.length; n++) {
            for (int m = 0; m < n; m++) {
                double cosine = dot(units[n], units[m]);
                sum += cosine;
                least = Math.min(least, cosine);
            }
        }
        return new double[] {sum / (units.length * (units.length - 1) / 2.0), least};
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += (double) a[c] * b[c];
        }
        return sum;
    }
}
