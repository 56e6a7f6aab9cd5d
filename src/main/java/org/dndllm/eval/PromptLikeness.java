package org.dndllm.eval;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.engine.PromptSet;

/** Which training task's prompts are most like those of another task: cosine of mean prompt embeddings. */
public final class PromptLikeness {
    /** Prompts embedded of each task; the mean of so many hardly moves any more. */
    private static final int SAMPLE = 512;

    private static final long SEED = 1;

    private final SentenceEncoder encoder;
    private final Map<String, double[]> means = new HashMap<>(); // by source, [C]

    /** @param encoder open as long as this is used */
    public PromptLikeness(SentenceEncoder encoder) {
        this.encoder = encoder;
    }

    /** Index of the most alike of {@code candidates}, the first among equals. */
    int nearest(PromptSet prompts, List<PromptSet> candidates) {
        double[] cosines = cosines(prompts, candidates);
        int nearest = 0;
        for (int i = 1; i < cosines.length; i++) {
            nearest = cosines[i] > cosines[nearest] ? i : nearest;
        }
        return nearest;
    }

    /** Cosines of the mean embedding with those of the candidates, in their order. */
    public double[] cosines(PromptSet prompts, List<PromptSet> candidates) {
        double[] own = mean(prompts);
        return candidates.stream()
                .mapToDouble(candidate -> cosine(own, mean(candidate)))
                .toArray();
    }

    private double[] mean(PromptSet prompts) {
        return means.computeIfAbsent(prompts.source(), source -> {
            float[][] embeddings = encoder.embed(
                    prompts.draw(Math.min(SAMPLE, prompts.size()), SEED).prompts());
            double[] mean = new double[encoder.width()];
            for (float[] embedding : embeddings) {
                for (int c = 0; c < mean.length; c++) {
                    mean[c] += embedding[c] / (double) embeddings.length;
                }
            }
            return mean;
        });
    }

    private static double cosine(double[] a, double[] b) {
        return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += a[c] * b[c];
        }
        return sum;
    }
}
