package org.dndllm.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.SessionOptions;

/**
 * Makes the statistics of {@link OutOfDistribution} from the training tasks' prompts. The threshold is calibrated by
 * leaving tasks out: draws of N prompts from each task are scored against the means of all others, and one in a hundred of
 * these scores lies above the threshold. The covariance is pooled over all tasks; leaving one out of many would hardly
 * change it.
 */
public final class OodCalibration {
    /** Prompts of a task that are encoded at most; more would sharpen the covariance little and cost minutes. */
    static final int PROMPTS_PER_TASK = 512;

    static final int DRAWS_PER_TASK = 100;
    static final double QUANTILE = 0.99;

    /** Weight of the diagonal: keeps directions that hardly vary within tasks from drowning all others. */
    private static final double SHRINKAGE = 0.1;

    /** Prompts encoded at once; their states are [prompts, L, C]. */
    private static final int CHUNK = 64;

    private OodCalibration() {}

    /**
     * Computes statistics and threshold.
     *
     * @param bundle says N and L and holds the encoder; see {@link GeneratorBundle#withOutOfDistribution} for writing
     * @param options how to run the encoder
     * @param tasks the training tasks, at least two
     * @throws InvalidInputException if there are fewer than two tasks
     */
    public static OutOfDistribution calibrate(
            GeneratorBundle bundle, SessionOptions options, List<PromptSet> tasks, long seed, Progress progress) {
        if (tasks.size() < 2) {
            throw new InvalidInputException(
                    "calibration", "tasks", tasks.size() + " given; leaving one out needs at least two training tasks");
        }
        List<float[][]> embeddings = new ArrayList<>(); // per task [prompts][C]
        try (SentenceEncoder encoder = SentenceEncoder.open(bundle.folder(), options)) {
            for (PromptSet task : tasks) {
                embeddings.add(embed(encoder, sample(task, seed), bundle.length()));
                progress.advanced("embed training tasks", embeddings.size(), tasks.size());
            }
        }
        return of(embeddings, bundle.prompts(), seed);
    }

    private static List<String> sample(PromptSet task, long seed) {
        return task.size() <= PROMPTS_PER_TASK
                ? task.prompts()
                : task.draw(PROMPTS_PER_TASK, seed).prompts();
    }

    private static float[][] embed(SentenceEncoder encoder, List<String> prompts, int length) {
        float[][] embeddings = new float[prompts.size()][];
        for (int from = 0; from < prompts.size(); from += CHUNK) {
            List<String> part = prompts.subList(from, Math.min(prompts.size(), from + CHUNK));
            Condition condition = encoder.encode(part, length);
            float[][] means = condition.promptMeans();
            System.arraycopy(means, 0, embeddings, from, means.length);
        }
        return embeddings;
    }

    /**
     * Statistics and threshold from embeddings.
     *
     * @param embeddings per task [prompts][C]
     * @param draw N, prompts of one generation
     */
    static OutOfDistribution of(List<float[][]> embeddings, int draw, long seed) {
        int width = embeddings.getFirst()[0].length;
        List<double[]> means = embeddings.stream().map(OodCalibration::mean).toList();
        float[] whitening = whitening(covariance(embeddings, means), width);
        float[][] white = new float[means.size()][];
        for (int task = 0; task < white.length; task++) {
            white[task] = OutOfDistribution.whiten(whitening, floats(means.get(task)));
        }
        OutOfDistribution open = new OutOfDistribution(white, whitening, Double.MAX_VALUE);
        double threshold = threshold(open, embeddings, draw, seed);
        return new OutOfDistribution(white, whitening, threshold);
    }

    private static double threshold(OutOfDistribution open, List<float[][]> embeddings, int draw, long seed) {
        Random random = new Random(seed);
        double[] scores = new double[embeddings.size() * DRAWS_PER_TASK];
        for (int i = 0; i < scores.length; i++) {
            int task = i / DRAWS_PER_TASK;
            float[][] prompts = embeddings.get(task);
            List<Integer> order = IntStream.range(0, draw)
                    .map(n -> random.nextInt(prompts.length))
                    .boxed()
                    .toList();
            scores[i] = open.score(prompts, order, task);
        }
        Arrays.sort(scores);
        return scores[(int) Math.ceil(QUANTILE * scores.length) - 1];
    }

    private static double[] mean(float[][] vectors) {
        double[] mean = new double[vectors[0].length];
        for (float[] vector : vectors) {
            for (int c = 0; c < mean.length; c++) {
                mean[c] += (double) vector[c] / vectors.length;
            }
        }
        return mean;
    }

    /** Covariance within tasks, pooled, shrunk towards its own mean variance: [C, C] row-major, lower triangle. */
    private static double[] covariance(List<float[][]> embeddings, List<double[]> means) {
        int width = means.getFirst().length;
        double[] covariance = new double[width * width];
        long count = 0;
        double[] centred = new double[width];
        for (int task = 0; task < means.size(); task++) {
            for (float[] vector : embeddings.get(task)) {
                for (int c = 0; c < width; c++) {
                    centred[c] = vector[c] - means.get(task)[c];
                }
                for (int row = 0; row < width; row++) {
                    for (int column = 0; column <= row; column++) {
                        covariance[row * width + column] += centred[row] * centred[column];
                    }
                }
                count++;
            }
        }
        double freedom = Math.max(1, count - means.size());
        double trace = 0;
        for (int c = 0; c < width; c++) {
            trace += covariance[c * width + c] / freedom;
        }
        // With one prompt per task nothing varies; any positive number keeps the matrix invertible.
        double variance = Math.max(trace / width, 1e-12);
        for (int row = 0; row < width; row++) {
            for (int column = 0; column <= row; column++) {
                int at = row * width + column;
                covariance[at] =
                        (1 - SHRINKAGE) * covariance[at] / freedom + (row == column ? SHRINKAGE * variance : 0);
            }
        }
        return covariance;
    }

    /** Inverse of the Cholesky factor: W with W S W' = 1; [C, C] row-major, lower triangle. */
    private static float[] whitening(double[] covariance, int width) {
        double[] factor = covariance.clone(); // becomes L with L L' = S
        for (int column = 0; column < width; column++) {
            for (int row = column; row < width; row++) {
                double sum = factor[row * width + column];
                for (int k = 0; k < column; k++) {
                    sum -= factor[row * width + k] * factor[column * width + k];
                }
                factor[row * width + column] = row == column ? Math.sqrt(sum) : sum / factor[column * width + column];
            }
        }
        float[] inverse = new float[width * width];
        for (int column = 0; column < width; column++) { // forward substitution, one unit vector at a time
            double[] solution = new double[width];
            for (int row = column; row < width; row++) {
                double sum = row == column ? 1 : 0;
                for (int k = column; k < row; k++) {
                    sum -= factor[row * width + k] * solution[k];
                }
                solution[row] = sum / factor[row * width + row];
                inverse[row * width + column] = (float) solution[row];
            }
        }
        return inverse;
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }
}
