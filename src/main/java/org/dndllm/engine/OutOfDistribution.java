package org.dndllm.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.format.DType;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;

/**
 * How unlike the training tasks the prompts of a condition are. A prompt is its mean-pooled embedding; its distance is the
 * squared Mahalanobis distance to the nearest training task's mean, under the covariance within tasks, per channel; the
 * score is the mean over the drawn prompts. Prompts of a training task score about 1.
 *
 * <p>A new mixture of familiar prompts is not strange: single prompts are looked at, not their mean, so that a task
 * between the training tasks counts as known. Immutable, thread-safe. Source: K. Lee et al., A Simple Unified Framework
 * for Detecting Out-of-Distribution Samples, NeurIPS 2018 (the distance); the calibration is ours
 * ({@link OodCalibration}).
 */
public final class OutOfDistribution {
    /** The file in a generator bundle; a bundle may lack it. */
    public static final String FILE = "ood.safetensors";

    private static final String MEANS = "means";
    private static final String WHITENING = "whitening";
    private static final String THRESHOLD = "threshold";

    private final float[][] means; // [tasks][C] whitened
    private final float[] whitening; // [C, C] row-major, lower triangle: W with W'W the inverse covariance
    private final int width;
    private final double threshold;

    /**
     * A score beside what training tasks reach.
     *
     * @param value the score; about 1 for prompts of a training task
     * @param threshold what draws from a task that was left out exceed in one of a hundred cases
     */
    public record Score(double value, double threshold) {
        /** Whether the prompts are unlike everything that the generator was trained on. */
        public boolean outside() {
            return value > threshold;
        }

        Map<String, Object> toJson() {
            return Map.of("measured", true, "score", value, "threshold", threshold, "outside", outside());
        }

        /** What {@code --json} and {@code dnd.json} say about an optional score. */
        public static Map<String, Object> json(Optional<Score> score) {
            return score.map(Score::toJson).orElseGet(() -> Map.of("measured", false));
        }
    }

    /**
     * @param means [tasks][C] mean embedding of each training task, whitened
     * @param whitening [C, C]
     */
    OutOfDistribution(float[][] means, float[] whitening, double threshold) {
        this.means = means;
        this.whitening = whitening;
        this.threshold = threshold;
        width = means[0].length;
    }

    /** The score of a condition. */
    public Score score(Condition condition) {
        return score(condition.promptMeans());
    }

    /** The score of a condition that is known by its prompts' means: [N][C]. */
    Score score(float[][] promptMeans) {
        return new Score(score(promptMeans, List.of(), -1), threshold);
    }

    /** C: channels of an embedding. */
    public int width() {
        return width;
    }

    /** How many training tasks it knows. */
    public int tasks() {
        return means.length;
    }

    /**
     * Mean over prompts of the distance to the nearest task.
     *
     * @param prompts [N][C] embeddings
     * @param order which of them, in any order; empty for all
     * @param leftOut index of a task that does not count, -1 for none
     */
    double score(float[][] prompts, List<Integer> order, int leftOut) {
        double sum = 0;
        int count = order.isEmpty() ? prompts.length : order.size();
        for (int i = 0; i < count; i++) {
            float[] white = whiten(whitening, prompts[order.isEmpty() ? i : order.get(i)]);
            double nearest = Double.POSITIVE_INFINITY;
            for (int task = 0; task < means.length; task++) {
                if (task != leftOut) {
                    nearest = Math.min(nearest, squaredDistance(white, means[task]));
                }
            }
            sum += nearest / width;
        }
        return sum / count;
    }

    private static double squaredDistance(float[] a, float[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            double difference = a[c] - b[c];
            sum += difference * difference;
        }
        return sum;
    }

    /** W [C, C], lower triangle, times a vector [C]. */
    static float[] whiten(float[] whitening, float[] vector) {
        int width = vector.length;
        float[] white = new float[width];
        for (int row = 0; row < width; row++) {
            double sum = 0;
            for (int column = 0; column <= row; column++) {
                sum += (double) whitening[row * width + column] * vector[column];
            }
            white[row] = (float) sum;
        }
        return white;
    }

    /** @param facts metadata that a reader of the file may want to know, such as the tasks' names */
    void write(Path file, Map<String, String> facts) {
        float[] rows = new float[means.length * width];
        for (int task = 0; task < means.length; task++) {
            System.arraycopy(means[task], 0, rows, task * width, width);
        }
        Map<String, String> metadata = new java.util.TreeMap<>(facts);
        metadata.put(THRESHOLD, Double.toString(threshold));
        SafetensorsWriter.write(
                file,
                List.of(
                        TensorView.ofFloats(MEANS, List.of((long) means.length, (long) width), rows),
                        TensorView.ofFloats(WHITENING, List.of((long) width, (long) width), whitening)),
                metadata);
    }

    /**
     * Reads the file of a bundle.
     *
     * @param width C of the bundle's encoder
     * @throws InvalidInputException naming the tensor or field at fault
     */
    static OutOfDistribution read(Path file, int width) {
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            String source = file.toString();
            float[] rows = floats(tensors, MEANS, width);
            float[] whitening = floats(tensors, WHITENING, width);
            if (whitening.length != (long) width * width || rows.length == 0) {
                throw new InvalidInputException(source, WHITENING, "is not [C, C], or there is no task's mean");
            }
            float[][] means = new float[rows.length / width][];
            for (int task = 0; task < means.length; task++) {
                means[task] = java.util.Arrays.copyOfRange(rows, task * width, (task + 1) * width);
            }
            return new OutOfDistribution(means, whitening, threshold(tensors));
        }
    }

    private static float[] floats(SafetensorsFile tensors, String name, int width) {
        TensorView tensor = tensors.tensor(name);
        if (tensor.dtype() != DType.F32
                || tensor.shape().size() != 2
                || tensor.shape().get(1) != width) {
            throw new InvalidInputException(
                    tensors.source(),
                    name,
                    "is " + tensor.dtype() + " " + tensor.shape() + ", expected F32 with " + width
                            + " columns, as the encoder has channels");
        }
        float[] values = tensor.toFloats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InvalidInputException(tensors.source(), name, "holds " + value + "; expected finite numbers");
            }
        }
        return values;
    }

    private static double threshold(SafetensorsFile tensors) {
        String text = tensors.metadata().getOrDefault(THRESHOLD, "");
        try {
            double value = Double.parseDouble(text);
            if (value > 0 && Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new InvalidInputException(tensors.source(), THRESHOLD, "is '" + text + "', expected a number", e);
        }
        throw new InvalidInputException(tensors.source(), THRESHOLD, "is '" + text + "', expected a positive number");
    }
}
