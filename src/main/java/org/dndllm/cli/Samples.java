package org.dndllm.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Measured values of one quantity; quoted by median, with the spread beside it. */
final class Samples {
    private final double[] values;
    private int count;

    Samples(int capacity) {
        values = new double[capacity];
    }

    static Samples of(List<Double> values) {
        Samples samples = new Samples(values.size());
        values.forEach(samples::add);
        return samples;
    }

    void add(double value) {
        values[count++] = value;
    }

    /** Normally distributed inputs for a measurement. */
    static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    double latest() {
        return at(count - 1);
    }

    /** The value that was added {@code index}-th, from 0. */
    double at(int index) {
        return values[index];
    }

    void addAll(Samples other) {
        for (int i = 0; i < other.count; i++) {
            add(other.values[i]);
        }
    }

    /** How many values fit. */
    int capacity() {
        return values.length;
    }

    double median() {
        return quantile(0.5);
    }

    double quantile(double q) {
        double[] sorted = Arrays.copyOf(values, count);
        Arrays.sort(sorted);
        double at = q * (count - 1);
        int below = (int) Math.floor(at);
        int above = Math.min(count - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("median", median());
        json.put("p10", quantile(0.1));
        json.put("p90", quantile(0.9));
        json.put("min", quantile(0));
        json.put("n", count);
        return json;
    }
}
