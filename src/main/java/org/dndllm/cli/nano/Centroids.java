package org.dndllm.cli.nano;

import java.util.ArrayList;
import java.util.List;

/**
 * Mean vectors of groups.
 *
 * @param means [groups][C]
 */
record Centroids(List<double[]> means) {
    /** @param groups number of each vector's group, from 0 */
    static Centroids of(float[][] vectors, List<Integer> groups) {
        List<double[]> means = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        for (int i = 0; i < vectors.length; i++) {
            int group = groups.get(i);
            while (means.size() <= group) {
                means.add(new double[vectors[i].length]);
                counts.add(0);
            }
            counts.set(group, counts.get(group) + 1);
            for (int c = 0; c < vectors[i].length; c++) {
                means.get(group)[c] += vectors[i][c];
            }
        }
        for (int group = 0; group < means.size(); group++) {
            for (int c = 0; c < means.get(group).length; c++) {
                means.get(group)[c] /= Math.max(1, counts.get(group));
            }
        }
        return new Centroids(means);
    }

    /** Share of the vectors that are nearest to the centroid of their own group. */
    double accuracy(float[][] vectors, List<Integer> groups) {
        int right = 0;
        for (int i = 0; i < vectors.length; i++) {
            right += nearest(vectors[i]) == groups.get(i) ? 1 : 0;
        }
        return (double) right / vectors.length;
    }

    private int nearest(float[] vector) {
        int best = 0;
        for (int group = 1; group < means.size(); group++) {
            if (distance(vector, group) < distance(vector, best)) {
                best = group;
            }
        }
        return best;
    }

    private double distance(float[] vector, int group) {
        double sum = 0;
        for (int c = 0; c < vector.length; c++) {
            double difference = vector[c] - means.get(group)[c];
            sum += difference * difference;
        }
        return sum;
    }
}
