package org.dndllm.eval.diagnosis;

/**
 * The mean of paired differences, and its standard error (infinite for a single pair, so that it never counts).
 *
 * @param mean of {@code first - second}
 */
record MeanDifference(double mean, double standardError) {
    static MeanDifference of(double[] first, double[] second) {
        int n = first.length;
        double mean = 0;
        for (int i = 0; i < n; i++) {
            mean += (first[i] - second[i]) / n;
        }
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double deviation = first[i] - second[i] - mean;
            squares += deviation * deviation;
        }
        return new MeanDifference(mean, n < 2 ? Double.POSITIVE_INFINITY : Math.sqrt(squares / (n - 1) / n));
    }
}
