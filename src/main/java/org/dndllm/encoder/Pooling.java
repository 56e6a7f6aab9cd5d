package org.dndllm.encoder;

import java.util.Arrays;

/** How the states of a text become one vector (sentence-transformers, {@code 1_Pooling/config.json}). */
enum Pooling {
    /** Mean over real tokens. */
    MEAN,
    /** The state of [CLS]. */
    CLS;

    /** sentence-transformers clamps the token count, torch's normalize clamps the norm; both matter only for nothing at all. */
    static final float MIN_COUNT = 1e-9f;

    static final float MIN_NORM = 1e-12f;

    /** Pools row {@code firstPosition .. firstPosition + length} of states [.., C]; [C]. */
    float[] pool(float[] states, int firstPosition, boolean[] mask, int length, int width) {
        return switch (this) {
            case MEAN -> mean(states, firstPosition, mask, length, width);
            case CLS -> Arrays.copyOfRange(states, firstPosition * width, (firstPosition + 1) * width);
        };
    }

    static float[] mean(float[] states, int firstPosition, boolean[] mask, int length, int width) {
        double[] sum = new double[width];
        int count = 0;
        for (int l = 0; l < length; l++) {
            if (mask[firstPosition + l]) {
                count++;
                int from = (firstPosition + l) * width;
                for (int c = 0; c < width; c++) {
                    sum[c] += states[from + c];
                }
            }
        }
        float[] mean = new float[width];
        for (int c = 0; c < width; c++) {
            mean[c] = (float) (sum[c] / Math.max(count, MIN_COUNT));
        }
        return mean;
    }

    /** Scales to unit length in place. */
    static float[] normalize(float[] vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        double norm = Math.max(Math.sqrt(squares), MIN_NORM);
        for (int c = 0; c < vector.length; c++) {
            vector[c] = (float) (vector[c] / norm);
        }
        return vector;
    }
}
