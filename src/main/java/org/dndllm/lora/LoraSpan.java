package org.dndllm.lora;

import java.util.Arrays;
import java.util.List;

/**
 * The weighted sum of several changes of weights that comes nearest to another change (least squares), and how much of that
 * one it explains. Solved by the normal equations from inner products alone ({@link LoraProducts}), by the pseudo-inverse of
 * the changes' cosines: among equal changes the weight is shared.
 *
 * @param coefficients one per change: the factors of the sum
 * @param inside share of the squared norm that lies in the span of the changes, 0 to 1; the rest is at right angles to all of
 *     them. 0 for a change that is zero
 */
public record LoraSpan(List<Double> coefficients, double inside) {
    /** Directions in which the unit changes together reach less than this, squared, are rounding of the stored values. */
    private static final double NEGLIGIBLE = 1e-10;

    /** Copies the coefficients. */
    public LoraSpan {
        coefficients = List.copyOf(coefficients);
    }

    /**
     * The nearest sum.
     *
     * @param gram [k][k] inner products of the changes
     * @param products [k] inner products of the changes with the one to explain
     * @param square squared norm of the one to explain
     */
    public static LoraSpan of(double[][] gram, double[] products, double square) {
        int k = products.length;
        double[] norms = new double[k];
        for (int i = 0; i < k; i++) {
            norms[i] = Math.sqrt(Math.max(gram[i][i], 0));
        }
        double[][] cosines = new double[k][k];
        for (int i = 0; i < k; i++) {
            for (int j = 0; j < k; j++) {
                cosines[i][j] = norms[i] == 0 || norms[j] == 0 ? 0 : gram[i][j] / (norms[i] * norms[j]);
            }
        }
        double[] coefficients = solve(cosines, products, norms);
        double explained = 0;
        for (int i = 0; i < k; i++) {
            explained += coefficients[i] * products[i];
        }
        double inside = square > 0 ? Math.clamp(explained / square, 0, 1) : 0;
        return new LoraSpan(Arrays.stream(coefficients).boxed().toList(), inside);
    }

    /** Coefficients of the changes from those of the unit changes. */
    private static double[] solve(double[][] cosines, double[] products, double[] norms) {
        int k = products.length;
        JacobiSvd svd = JacobiSvd.of(cosines, k, NEGLIGIBLE);
        double[] coefficients = new double[k];
        for (int s = 0; s < svd.values().length; s++) {
            double along = 0;
            for (int i = 0; i < k; i++) {
                along += norms[i] == 0 ? 0 : svd.left()[s][i] * products[i] / norms[i];
            }
            for (int i = 0; i < k; i++) {
                coefficients[i] += norms[i] == 0 ? 0 : svd.right()[s][i] * along / svd.values()[s] / norms[i];
            }
        }
        return coefficients;
    }
}
