package org.dndllm.lora;

/**
 * The statistics of a chunk and their place in its token: the pair [8 * mean, ln(0.9 * deviation + 0.1) + 1.6], repeated
 * along the last two rows and then down the last two columns. Reading averages all copies and inverts.
 *
 * <p>The official reader keeps two estimates apart until the end: one from the second last row and the even rows' last
 * columns, one from the last row and the odd rows'; it averages each half-row with its half-column, inverts, then takes
 * the mean of both. A generator's copies differ, and the logarithm makes the order of these steps visible, so it is kept.
 *
 * <p>Source: official code, commit 60e2192, {@code tokenizer.py}.
 */
public final class ScaleBorder {
    /** Rows and columns that the border adds to a token. */
    public static final int WIDTH = 2;

    /** 8: the border holds this times the mean. */
    public static final float MEAN_FACTOR = 8.0f;

    /** 0.9: factor of the deviation under the logarithm. */
    public static final double DEVIATION_FACTOR = 0.9;

    /** 0.1: what is added to it under the logarithm. */
    public static final double DEVIATION_OFFSET = 0.1;

    /** 1.6: what is added to the logarithm. */
    public static final double LOG_OFFSET = 1.6;

    /** Mean and standard deviation of a chunk. */
    record Statistics(float mean, float deviation) {
        /** Undoes the standardisation of a run of values, in place. */
        void restore(float[] values, int from, int count) {
            for (int i = from; i < from + count; i++) {
                values[i] = values[i] * deviation + mean;
            }
        }
    }

    private ScaleBorder() {}

    /**
     * Standardises the chunk [rank, width] in the top left of the token, in place. A chunk without spread keeps deviation 0
     * and becomes zeros; dividing by it would yield NaN.
     */
    static Statistics standardize(float[] tokens, int token, int rank, int width, int columns) {
        double sum = 0;
        for (int r = 0; r < rank; r++) {
            for (int i = token + r * columns; i < token + r * columns + width; i++) {
                sum += tokens[i];
            }
        }
        int count = rank * width;
        double mean = sum / count;
        double squares = 0;
        for (int r = 0; r < rank; r++) {
            for (int i = token + r * columns; i < token + r * columns + width; i++) {
                squares += (tokens[i] - mean) * (tokens[i] - mean);
            }
        }
        double deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
        // The mean of equal values may miss them by a rounding, which must not be blown up to unit variance.
        boolean constant = deviation <= Math.abs(mean) * 1e-12;
        double factor = constant ? 0 : 1 / deviation;
        for (int r = 0; r < rank; r++) {
            for (int i = token + r * columns; i < token + r * columns + width; i++) {
                tokens[i] = (float) ((tokens[i] - mean) * factor);
            }
        }
        return new Statistics((float) mean, constant ? 0 : (float) deviation);
    }

    static void write(float[] tokens, int token, int rows, int columns, Statistics scale) {
        float mean = MEAN_FACTOR * scale.mean();
        float deviation = (float) (Math.log(DEVIATION_FACTOR * scale.deviation() + DEVIATION_OFFSET) + LOG_OFFSET);
        for (int r = rows - WIDTH; r < rows; r++) {
            int row = token + r * columns;
            for (int c = 0; c < columns; c += WIDTH) {
                tokens[row + c] = mean;
                tokens[row + c + 1] = deviation;
            }
        }
        for (int r = 0; r < rows; r++) {
            int end = token + (r + 1) * columns;
            tokens[end - 2] = mean;
            tokens[end - 1] = deviation;
        }
    }

    static Statistics read(float[] tokens, int token, int rows, int columns) {
        double mean = 0;
        double deviation = 0;
        for (int half = 0; half < WIDTH; half++) {
            double log = average(tokens, token, rows, columns, half, 1);
            mean += average(tokens, token, rows, columns, half, 0) / MEAN_FACTOR;
            deviation += (Math.exp(log - LOG_OFFSET) - DEVIATION_OFFSET) / DEVIATION_FACTOR;
        }
        return new Statistics((float) (mean / WIDTH), (float) (deviation / WIDTH));
    }

    /** One half's mean copy of one member of the pair: its row, and every second row's last columns, in equal parts. */
    private static double average(float[] tokens, int token, int rows, int columns, int half, int member) {
        double row = 0;
        int from = token + (rows - WIDTH + half) * columns;
        for (int c = member; c < columns; c += WIDTH) {
            row += tokens[from + c];
        }
        double column = 0;
        int counted = 0;
        for (int r = half; r < rows; r += WIDTH, counted++) {
            column += tokens[token + (r + 1) * columns - WIDTH + member];
        }
        return (row / (columns / WIDTH) + column / counted) / 2;
    }
}
