package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;
import org.dndllm.lora.JacobiSvd;

/** One pass over the embeddings; sums of unit vectors stand for all pairs of prompts. */
final class ConditionMeasurement {
    /** Cosines closer than this are rounding of the embeddings. */
    private static final double ROUNDING = 1e-12;

    private final List<float[][]> embeddings;
    private final int width;
    private final List<double[]> means = new ArrayList<>(); // as embedded
    private final List<double[][]> units = new ArrayList<>();
    private final List<double[]> sums = new ArrayList<>(); // of units
    private int prompts;

    ConditionMeasurement(List<float[][]> embeddings) {
        this.embeddings = embeddings;
        width = embeddings.getFirst()[0].length;
        for (float[][] task : embeddings) {
            double[] mean = new double[width];
            double[] sum = new double[width];
            double[][] unit = new double[task.length][width];
            for (int n = 0; n < task.length; n++) {
                double norm = 0;
                for (float value : task[n]) {
                    norm += (double) value * value;
                }
                norm = Math.sqrt(norm);
                for (int c = 0; c < width; c++) {
                    unit[n][c] = norm == 0 ? 0 : task[n][c] / norm;
                    mean[c] += (double) task[n][c] / task.length;
                    sum[c] += unit[n][c];
                }
            }
            means.add(mean);
            units.add(unit);
            sums.add(sum);
            prompts += task.length;
        }
    }

    ConditionGeometry measure() {
        double[] variances = variances();
        double[] cosines = cosines();
        return new ConditionGeometry(
                means.size(),
                prompts,
                variances[0],
                variances[1],
                cosines[0],
                cosines[1],
                silhouette(),
                promptAccuracy(),
                drawAccuracy(),
                effectiveRank());
    }

    private double[] variances() {
        double[] centre = new double[width];
        for (int task = 0; task < means.size(); task++) {
            for (int c = 0; c < width; c++) {
                centre[c] += means.get(task)[c] * embeddings.get(task).length / prompts;
            }
        }
        double between = 0;
        double within = 0;
        for (int task = 0; task < means.size(); task++) {
            double[] mean = means.get(task);
            between += squaredDistance(mean, centre) * embeddings.get(task).length / prompts;
            for (float[] row : embeddings.get(task)) {
                for (int c = 0; c < width; c++) {
                    within += (row[c] - mean[c]) * (row[c] - mean[c]) / prompts;
                }
            }
        }
        return new double[] {between, within};
    }

    private double[] cosines() {
        double within = 0;
        double between = 0;
        int count = means.size();
        for (int i = 0; i < count; i++) {
            int n = units.get(i).length;
            double own = 0;
            for (double[] unit : units.get(i)) {
                own += dot(unit, unit);
            }
            within += (dot(sums.get(i), sums.get(i)) - own) / n / (n - 1) / count;
            for (int j = 0; j < i; j++) {
                between += dot(sums.get(i), sums.get(j)) / n / units.get(j).length;
            }
        }
        return new double[] {within, between / (count * (count - 1) / 2.0)};
    }

    /** Cosine distances: the mean to a task is 1 minus the product with its mean unit vector. */
    private double silhouette() {
        double sum = 0;
        for (int task = 0; task < units.size(); task++) {
            for (double[] unit : units.get(task)) {
                double own = 0;
                double other = Double.POSITIVE_INFINITY;
                for (int t = 0; t < units.size(); t++) {
                    int n = units.get(t).length;
                    double product = dot(unit, sums.get(t));
                    if (t == task) {
                        own = 1 - (product - dot(unit, unit)) / (n - 1);
                    } else {
                        other = Math.min(other, 1 - product / n);
                    }
                }
                double larger = Math.max(own, other);
                sum += larger <= ROUNDING ? 0 : (other - own) / larger;
            }
        }
        return sum / prompts;
    }

    private Estimate promptAccuracy() {
        int right = 0;
        for (int task = 0; task < embeddings.size(); task++) {
            int n = embeddings.get(task).length;
            for (float[] row : embeddings.get(task)) {
                double[] prompt = new double[width];
                double[] others = new double[width]; // of the same task
                for (int c = 0; c < width; c++) {
                    prompt[c] = row[c];
                    others[c] = (means.get(task)[c] * n - row[c]) / (n - 1);
                }
                right += isNearest(prompt, others, task, means) ? 1 : 0;
            }
        }
        return Wilson.of(right, prompts);
    }

    /** Even against odd prompts, both ways. */
    private Estimate drawAccuracy() {
        List<double[]> even = new ArrayList<>();
        List<double[]> odd = new ArrayList<>();
        for (float[][] task : embeddings) {
            even.add(half(task, 0));
            odd.add(half(task, 1));
        }
        int right = 0;
        for (int task = 0; task < even.size(); task++) {
            right += isNearest(even.get(task), odd.get(task), task, odd) ? 1 : 0;
            right += isNearest(odd.get(task), even.get(task), task, even) ? 1 : 0;
        }
        return Wilson.of(right, 2 * even.size());
    }

    private double[] half(float[][] task, int from) {
        double[] sum = new double[width]; // its direction is all that counts
        for (int n = from; n < task.length; n += 2) {
            for (int c = 0; c < width; c++) {
                sum[c] += task[n][c];
            }
        }
        return sum;
    }

    /** Whether {@code own} is nearer than every other task's centre; a tie is not. */
    private static boolean isNearest(double[] point, double[] own, int task, List<double[]> centres) {
        double best = cosine(point, own);
        for (int t = 0; t < centres.size(); t++) {
            if (t != task && cosine(point, centres.get(t)) >= best - ROUNDING) {
                return false;
            }
        }
        return true;
    }

    private double effectiveRank() {
        double[] centre = new double[width];
        for (double[] mean : means) {
            for (int c = 0; c < width; c++) {
                centre[c] += mean[c] / means.size();
            }
        }
        double[][] columns = new double[means.size()][width];
        double largest = 0;
        for (int task = 0; task < columns.length; task++) {
            for (int c = 0; c < width; c++) {
                columns[task][c] = means.get(task)[c] - centre[c];
                largest = Math.max(largest, Math.abs(means.get(task)[c]));
            }
        }
        double[] values = JacobiSvd.of(columns, width, ROUNDING * largest).values();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        double entropy = 0;
        for (double value : values) {
            entropy -= value / sum * Math.log(value / sum);
        }
        return values.length == 0 ? 0 : Math.exp(entropy);
    }

    private static double squaredDistance(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += (a[c] - b[c]) * (a[c] - b[c]);
        }
        return sum;
    }

    private static double cosine(double[] a, double[] b) {
        double norms = Math.sqrt(dot(a, a) * dot(b, b));
        return norms == 0 ? 0 : dot(a, b) / norms;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += a[c] * b[c];
        }
        return sum;
    }
}
