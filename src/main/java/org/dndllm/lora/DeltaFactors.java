package org.dndllm.lora;

import java.util.ArrayList;
import java.util.List;

/**
 * The change of one weight, as a sum of products {@code factor * B * A} that is never multiplied out: all B side by side
 * [out, n] and all A above each other [n, in], n the sum of the ranks. Norm and singular values come from the thin QR
 * factorisations B = Q_B R_B, Aᵀ = Q_A R_A and the core R_B R_Aᵀ of at most n by n: the change is Q_B core Q_Aᵀ, and Q
 * changes neither. In double throughout; unlike Gram matrices, this keeps the full precision where the terms cancel.
 */
final class DeltaFactors {
    /** What is below this share of the terms' own norms is what rounding leaves where they cancel. */
    private static final double NEGLIGIBLE = 0x1p-48;

    private final int in;
    private final int out;
    private final List<double[]> b = new ArrayList<>(); // n columns [out]
    private final List<double[]> a = new ArrayList<>(); // n rows [in]

    DeltaFactors(BaseShape shape, TargetModule module) {
        this.in = shape.in(module);
        this.out = shape.out(module);
    }

    /** Adds {@code factor * B * A} of a pair. */
    DeltaFactors plus(LoraTensor pair, double factor) {
        int rank = pair.a().length / in;
        for (int k = 0; k < rank; k++) {
            double[] row = new double[in];
            for (int i = 0; i < in; i++) {
                row[i] = pair.a()[k * in + i];
            }
            double[] column = new double[out];
            for (int o = 0; o < out; o++) {
                column[o] = factor * pair.b()[o * rank + k];
            }
            a.add(row);
            b.add(column);
        }
        return this;
    }

    /** Frobenius norm of the change. Uses the factors up. */
    double norm() {
        double floor = floor();
        double[][] core = core(new ThinQr(b.toArray(double[][]::new), out), new ThinQr(a.toArray(double[][]::new), in));
        double squares = 0;
        for (double[] column : core) {
            squares += squares(column);
        }
        double norm = Math.sqrt(squares);
        return norm <= floor ? 0 : norm;
    }

    /** Singular values of the change above rounding, descending. Uses the factors up. */
    double[] values() {
        return svd().values();
    }

    /**
     * The change as U [k][out], values [k], V [k][in], with k what is left above rounding. Uses the factors up.
     */
    JacobiSvd svd() {
        double floor = floor();
        ThinQr qrB = new ThinQr(b.toArray(double[][]::new), out);
        ThinQr qrA = new ThinQr(a.toArray(double[][]::new), in);
        JacobiSvd small = JacobiSvd.of(core(qrB, qrA), qrB.rank(), floor);
        for (int k = 0; k < small.values().length; k++) {
            small.left()[k] = qrB.timesQ(small.left()[k]);
            small.right()[k] = qrA.timesQ(small.right()[k]);
        }
        return small;
    }

    /** From each column of B with its own row of A: however a factor is split between the two, the floor is the same. */
    private double floor() {
        double sum = 0;
        for (int k = 0; k < a.size(); k++) {
            sum += Math.sqrt(squares(b.get(k))) * Math.sqrt(squares(a.get(k)));
        }
        return NEGLIGIBLE * sum;
    }

    /** R_B R_Aᵀ, column by column. */
    private static double[][] core(ThinQr qrB, ThinQr qrA) {
        double[][] core = new double[qrA.rank()][qrB.rank()];
        for (int j = 0; j < core.length; j++) {
            for (int i = 0; i < core[j].length; i++) {
                double sum = 0;
                for (int k = Math.max(i, j); k < qrA.columns(); k++) {
                    sum += qrB.r(i, k) * qrA.r(j, k);
                }
                core[j][i] = sum;
            }
        }
        return core;
    }

    private static double squares(double[] vector) {
        double sum = 0;
        for (double value : vector) {
            sum += value * value;
        }
        return sum;
    }
}
