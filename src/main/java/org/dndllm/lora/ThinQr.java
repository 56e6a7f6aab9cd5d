package org.dndllm.lora;

/**
 * The thin QR factorisation of a matrix [m, n] by Householder reflections, in double: Q [m, p] has orthonormal columns, R [p,
 * n] is zero below its diagonal, p = min(m, n). Q is kept as reflections and applied on demand.
 *
 * <p>Source: Golub and Van Loan, Matrix Computations, 4th edition, §5.2.2.
 */
final class ThinQr {
    private final int rows;
    private final int rank;
    private final double[][] columns; // [n][m]: R above the diagonal; on and below it, in column k < p, reflection k
    private final double[] diagonal; // [p] of R
    private final double[] factors; // [p]: reflection k is I - factors[k] v vᵀ

    /**
     * Factorises in place.
     *
     * @param columns [n][m], the matrix column by column; given away
     * @param rows m
     */
    ThinQr(double[][] columns, int rows) {
        this.columns = columns;
        this.rows = rows;
        this.rank = Math.min(rows, columns.length);
        this.diagonal = new double[rank];
        this.factors = new double[rank];
        for (int k = 0; k < rank; k++) {
            reflect(k);
        }
    }

    /** p, the smaller side of the matrix. */
    int rank() {
        return rank;
    }

    /** n. */
    int columns() {
        return columns.length;
    }

    /** Entry of R [p, n]. */
    double r(int row, int column) {
        return row < column ? columns[column][row] : row == column ? diagonal[row] : 0;
    }

    /** Q y [m], for y [p]. */
    double[] timesQ(double[] y) {
        double[] result = new double[rows];
        System.arraycopy(y, 0, result, 0, rank);
        for (int k = rank - 1; k >= 0; k--) {
            apply(k, result);
        }
        return result;
    }

    private void reflect(int k) {
        double[] column = columns[k];
        double norm = Math.sqrt(dot(column, column, k));
        if (norm == 0) {
            return; // nothing to annihilate: the reflection is the identity
        }
        double first = column[k];
        diagonal[k] = first > 0 ? -norm : norm; // away from the entry, so that their difference does not cancel
        column[k] = first - diagonal[k];
        factors[k] = 1 / (norm * (norm + Math.abs(first)));
        for (int j = k + 1; j < columns.length; j++) {
            apply(k, columns[j]);
        }
    }

    private void apply(int k, double[] to) {
        double[] v = columns[k];
        double factor = factors[k] * dot(v, to, k);
        for (int i = k; i < rows; i++) {
            to[i] -= factor * v[i];
        }
    }

    private static double dot(double[] x, double[] y, int from) {
        double sum = 0;
        for (int i = from; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
