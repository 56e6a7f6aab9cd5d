package org.dndllm.lora;

import org.dndllm.format.DType;

/**
 * The choice of A and B that {@link CanonicalForm} describes: writes a pair from the singular triples of a change, and tells
 * whether a pair is written like that already.
 */
final class Gauge {
    /** Beyond the rounding of the stored values: sums over up to a million products in double. */
    private static final double ARITHMETIC = 1e-12;

    private final BaseShape shape;
    private final int rank;
    private final double scale;

    Gauge(BaseShape shape, int rank, float alpha) {
        this.shape = shape;
        this.rank = rank;
        this.scale = (double) alpha / rank;
    }

    /** The pair of the first {@code rank} triples of a change (whose scale is part of it). */
    LoraTensor pair(int layer, TargetModule module, JacobiSvd change) {
        int in = shape.in(module);
        int out = shape.out(module);
        float[] a = new float[rank * in]; // [r, in]
        float[] b = new float[out * rank]; // [out, r]
        for (int k = 0; k < Math.min(rank, change.values().length); k++) {
            double length = Math.sqrt(change.values()[k] / Math.abs(scale));
            double[] right = change.right()[k];
            double[] left = change.left()[k];
            double towardsA = upright(right) ? length : -length;
            double towardsB = scale < 0 ? -towardsA : towardsA;
            for (int i = 0; i < in; i++) {
                a[k * in + i] = (float) (towardsA * right[i]);
            }
            for (int o = 0; o < out; o++) {
                b[o * rank + k] = (float) (towardsB * left[o]);
            }
        }
        return new LoraTensor(layer, module, a, b);
    }

    /** The sign rule. Rounding to any type keeps the order of magnitudes, so what is upright stays so. */
    private static boolean upright(double[] row) {
        double largest = 0;
        double smallest = 0;
        for (double value : row) {
            largest = Math.max(largest, value);
            smallest = Math.min(smallest, value);
        }
        return largest >= -smallest;
    }

    /**
     * Whether a pair of this rank and scale has the form, but for the rounding of values stored in a type. Rounding moves a
     * vector x by at most u |x| + η sqrt(n), with u half the distance of neighbours around 1 and η half the smallest
     * positive number, and so a product of two vectors by at most (bound of one) (length of the other), both ways around.
     */
    boolean holds(LoraTensor pair, DType type) {
        double[][] a = new double[rank][shape.in(pair.module())]; // rows
        double[][] b = new double[rank][shape.out(pair.module())]; // columns
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < a[k].length; i++) {
                a[k][i] = pair.a()[k * a[k].length + i];
            }
            for (int o = 0; o < b[k].length; o++) {
                b[k][o] = pair.b()[o * rank + k];
            }
            if (!upright(a[k])) {
                return false;
            }
        }
        double[] lengthsA = lengths(a);
        double[] lengthsB = lengths(b);
        double[] boundsA = bounds(lengthsA, a[0].length, type);
        double[] boundsB = bounds(lengthsB, b[0].length, type);
        for (int k = 0; k < rank; k++) {
            double both = boundsA[k] + boundsB[k];
            if (Math.abs(lengthsA[k] - lengthsB[k]) > both) {
                return false;
            }
            if (k > 0 && lengthsA[k] > lengthsA[k - 1] + boundsA[k] + boundsA[k - 1]) {
                return false;
            }
        }
        return orthogonal(a, lengthsA, boundsA) && orthogonal(b, lengthsB, boundsB);
    }

    private static double[] lengths(double[][] vectors) {
        double[] lengths = new double[vectors.length];
        for (int k = 0; k < lengths.length; k++) {
            lengths[k] = Math.sqrt(dot(vectors[k], vectors[k]));
        }
        return lengths;
    }

    /** Twice what rounding can have done, since only the rounded lengths are known. */
    private static double[] bounds(double[] lengths, int n, DType type) {
        double relative = ARITHMETIC
                + 2
                        * switch (type) {
                            case F16 -> 0x1p-11;
                            case BF16 -> 0x1p-8;
                            default -> 0x1p-24;
                        };
        double absolute = 2
                * Math.sqrt(n)
                * switch (type) {
                    case F16 -> 0x1p-25;
                    case BF16 -> 0x1p-134;
                    default -> 0x1p-150;
                };
        double[] bounds = new double[lengths.length];
        for (int k = 0; k < bounds.length; k++) {
            bounds[k] = relative * lengths[k] + absolute;
        }
        return bounds;
    }

    private static boolean orthogonal(double[][] vectors, double[] lengths, double[] bounds) {
        for (int i = 0; i < vectors.length; i++) {
            for (int j = 0; j < i; j++) {
                double most = bounds[i] * lengths[j] + bounds[j] * lengths[i];
                if (Math.abs(dot(vectors[i], vectors[j])) > most) {
                    return false;
                }
            }
        }
        return true;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
