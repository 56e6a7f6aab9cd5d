package org.dndllm.lora;

import java.util.Arrays;
import java.util.Comparator;

/**
 * The singular value decomposition of a small dense matrix M [p, q] by one-sided Jacobi rotations, in double: rotations of
 * the columns until they are orthogonal; their lengths are the singular values. Plain arithmetic and square roots in a fixed
 * order, so the same input gives the same bits on every machine.
 *
 * <p>Source: Golub and Van Loan, Matrix Computations, 4th edition, §8.6.3; stopping rule of LAPACK's {@code dgesvj}.
 *
 * @param left [k][p], unit vectors
 * @param values [k], descending, all above the floor: k may be less than min(p, q)
 * @param right [k][q], unit vectors
 */
@SuppressWarnings("ArrayRecordComponent") // moved once from here to the adapter, never shared
public record JacobiSvd(double[][] left, double[] values, double[][] right) {
    private static final double EPSILON = 0x1p-52;
    private static final int MOST_SWEEPS = 100; // some ten suffice for any matrix that was tried

    /**
     * Decomposes in place.
     *
     * @param columns [q][p], M column by column; given away
     * @param rows p
     * @param floor singular values up to it are rounding errors and left out
     */
    public static JacobiSvd of(double[][] columns, int rows, double floor) {
        if (columns.length > rows) {
            JacobiSvd flipped = of(transposed(columns, rows), columns.length, floor);
            return new JacobiSvd(flipped.right, flipped.values, flipped.left);
        }
        double[][] rotations = new double[columns.length][columns.length]; // Vᵀ, row by row
        for (int i = 0; i < columns.length; i++) {
            rotations[i][i] = 1;
        }
        int sweeps = 0;
        while (sweep(columns, rotations, rows * EPSILON, floor)) {
            if (++sweeps == MOST_SWEEPS) {
                throw new AssertionError("Jacobi rotations did not converge on a matrix of " + rows + " by "
                        + columns.length + "; please report it with the adapter");
            }
        }
        return sorted(columns, rotations, floor);
    }

    /** Every pair of columns once; whether any had to be rotated. */
    private static boolean sweep(double[][] columns, double[][] rotations, double tolerance, double floor) {
        boolean rotated = false;
        for (int i = 0; i < columns.length; i++) {
            for (int j = i + 1; j < columns.length; j++) {
                double squareI = dot(columns[i], columns[i]);
                double squareJ = dot(columns[j], columns[j]);
                double normI = Math.sqrt(squareI);
                double normJ = Math.sqrt(squareJ);
                double product = dot(columns[i], columns[j]);
                if (normI <= floor || normJ <= floor || Math.abs(product) <= tolerance * normI * normJ) {
                    continue;
                }
                double zeta = (squareJ - squareI) / (2 * product);
                double tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
                double cosine = 1 / Math.sqrt(1 + tangent * tangent);
                rotate(columns[i], columns[j], cosine, cosine * tangent);
                rotate(rotations[i], rotations[j], cosine, cosine * tangent);
                rotated = true;
            }
        }
        return rotated;
    }

    private static void rotate(double[] x, double[] y, double cosine, double sine) {
        for (int i = 0; i < x.length; i++) {
            double before = x[i];
            x[i] = cosine * before - sine * y[i];
            y[i] = sine * before + cosine * y[i];
        }
    }

    private static JacobiSvd sorted(double[][] columns, double[][] rotations, double floor) {
        double[] norms = new double[columns.length];
        Integer[] order = new Integer[columns.length];
        for (int i = 0; i < columns.length; i++) {
            norms[i] = Math.sqrt(dot(columns[i], columns[i]));
            order[i] = i;
        }
        Arrays.sort(order, Comparator.comparingDouble((Integer i) -> norms[i]).reversed());
        int kept = (int) Arrays.stream(norms).filter(norm -> norm > floor).count();
        double[][] left = new double[kept][];
        double[] values = new double[kept];
        double[][] right = new double[kept][];
        for (int k = 0; k < kept; k++) {
            double[] column = columns[order[k]];
            values[k] = norms[order[k]];
            for (int i = 0; i < column.length; i++) {
                column[i] /= values[k];
            }
            left[k] = column;
            right[k] = rotations[order[k]];
        }
        return new JacobiSvd(left, values, right);
    }

    private static double[][] transposed(double[][] columns, int rows) {
        double[][] result = new double[rows][columns.length];
        for (int j = 0; j < columns.length; j++) {
            for (int i = 0; i < rows; i++) {
                result[i][j] = columns[j][i];
            }
        }
        return result;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
