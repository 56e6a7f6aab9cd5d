package org.dndllm.generator;

/**
 * Toom and Cook's short correlation of 3 taps with 5 inputs to 3 outputs, y = A^T ((G g) * (B d)), with 5 products where
 * the definition has 9; in two dimensions 25 where it has 81. A polynomial's values at five points, infinity
 * among them, stand for its coefficients: multiplying values is what convolving coefficients is, and correlation is the
 * transpose of that.
 *
 * <p>Source: A. Toom 1963, S. Cook 1966; as a fast algorithm for convolutional networks Lavin and Gray, arXiv 1509.09308.
 * With the usual points 0, 1, -1, 2 float32 rounding doubles; with two pairs around 1 it stays what it is for the
 * definition (2.4e-6 against 1.2e-6, and 1.2e-6, relative, on 512 channels of normal numbers).
 */
final class TileTransform {
    /** Taps of a filter piece, and outputs of a tile, in each dimension. */
    static final int SIDE = 3;

    /** Inputs of a tile, and products, in each dimension. */
    static final int POINTS = 2 * SIDE - 1;

    private static final double[] FINITE = {0.5, -0.5, 1.25, -1.25};

    /** [POINTS][SIDE]: outputs from products, transposed. */
    static final double[][] OUTPUT = vandermonde(SIDE);

    /** [POINTS][POINTS]: an input tile to its values. */
    static final double[][] INPUT;

    /** [POINTS][SIDE]: filter taps to their values. */
    static final double[][] FILTER = vandermonde(SIDE);

    static {
        double[][] inverse = inverse(vandermonde(POINTS));
        INPUT = new double[POINTS][POINTS];
        for (int point = 0; point < POINTS; point++) {
            double largest = 0;
            for (int i = 0; i < POINTS; i++) {
                INPUT[point][i] = inverse[i][point];
                largest = Math.max(largest, Math.abs(INPUT[point][i]));
            }
            balance(point, largest);
        }
    }

    private TileTransform() {}

    /** Moves a power of two, which costs no accuracy, from inputs to filters so that both have the same range. */
    private static void balance(int point, double largestInput) {
        double largestFilter = 0;
        for (double value : FILTER[point]) {
            largestFilter = Math.max(largestFilter, Math.abs(value));
        }
        double factor = Math.scalb(1.0, Math.getExponent(Math.sqrt(largestInput / largestFilter)));
        for (int i = 0; i < SIDE; i++) {
            FILTER[point][i] *= factor;
        }
        for (int i = 0; i < POINTS; i++) {
            INPUT[point][i] /= factor;
        }
    }

    /** Values of 1, x, x^2, ... at the points; at infinity the last coefficient is what is left. */
    private static double[][] vandermonde(int columns) {
        double[][] matrix = new double[POINTS][columns];
        for (int point = 0; point < FINITE.length; point++) {
            for (int power = 0; power < columns; power++) {
                matrix[point][power] = Math.pow(FINITE[point], power);
            }
        }
        matrix[POINTS - 1][columns - 1] = 1;
        return matrix;
    }

    /** Gauss and Jordan with the largest pivot. */
    private static double[][] inverse(double[][] matrix) {
        int n = matrix.length;
        double[][] work = new double[n][2 * n];
        for (int row = 0; row < n; row++) {
            System.arraycopy(matrix[row], 0, work[row], 0, n);
            work[row][n + row] = 1;
        }
        for (int column = 0; column < n; column++) {
            swapLargestUp(work, column);
            double pivot = work[column][column];
            for (int i = 0; i < 2 * n; i++) {
                work[column][i] /= pivot;
            }
            for (int row = 0; row < n; row++) {
                double factor = row == column ? 0 : work[row][column];
                for (int i = 0; i < 2 * n; i++) {
                    work[row][i] -= factor * work[column][i];
                }
            }
        }
        double[][] inverse = new double[n][n];
        for (int row = 0; row < n; row++) {
            System.arraycopy(work[row], n, inverse[row], 0, n);
        }
        return inverse;
    }

    private static void swapLargestUp(double[][] work, int column) {
        int largest = column;
        for (int row = column + 1; row < work.length; row++) {
            if (Math.abs(work[row][column]) > Math.abs(work[largest][column])) {
                largest = row;
            }
        }
        double[] up = work[largest];
        work[largest] = work[column];
        work[column] = up;
    }
}
