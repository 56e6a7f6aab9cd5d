package org.dndllm.encoder;

import java.util.Map;

/**
 * BERT written out in plain double arithmetic, straight from the formulas (arXiv 1810.04805 and 1706.03762): shares no code
 * with the graph that it checks. Slow; for small shapes.
 */
final class BertReference {
    private final BertConfig config;
    private final Map<String, float[]> weights;

    BertReference(BertConfig config, Map<String, float[]> weights) {
        this.config = config;
        this.weights = weights;
    }

    /** States [L][C] of one prompt. */
    double[][] states(long[] ids, long[] mask) {
        int c = config.hidden();
        double[][] x = new double[ids.length][c];
        for (int l = 0; l < ids.length; l++) {
            for (int i = 0; i < c; i++) {
                x[l][i] = weight("embeddings.word_embeddings.weight", (int) ids[l] * c + i)
                        + weight("embeddings.token_type_embeddings.weight", i)
                        + weight("embeddings.position_embeddings.weight", l * c + i);
            }
            x[l] = layerNorm("embeddings.LayerNorm", x[l]);
        }
        for (int layer = 0; layer < config.layers(); layer++) {
            x = layer("encoder.layer." + layer + ".", x, mask);
        }
        return x;
    }

    /** Mean over real tokens, then unit length. */
    double[] embedding(double[][] states, long[] mask) {
        double[] mean = new double[config.hidden()];
        double count = 0;
        for (int l = 0; l < states.length; l++) {
            count += mask[l];
            for (int i = 0; i < mean.length; i++) {
                mean[i] += mask[l] * states[l][i];
            }
        }
        double squares = 0;
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= Math.max(count, 1e-9);
            squares += mean[i] * mean[i];
        }
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= Math.max(Math.sqrt(squares), 1e-12);
        }
        return mean;
    }

    private double[][] layer(String at, double[][] x, long[] mask) {
        double[][] attended = attention(at + "attention.self.", x, mask);
        double[][] out = new double[x.length][];
        for (int l = 0; l < x.length; l++) {
            double[] y = layerNorm(
                    at + "attention.output.LayerNorm",
                    sum(dense(at + "attention.output.dense", attended[l], config.hidden()), x[l]));
            double[] inner = dense(at + "intermediate.dense", y, config.intermediate());
            for (int i = 0; i < inner.length; i++) {
                inner[i] = 0.5 * inner[i] * (1 + erf(inner[i] / Math.sqrt(2)));
            }
            out[l] = layerNorm(at + "output.LayerNorm", sum(dense(at + "output.dense", inner, config.hidden()), y));
        }
        return out;
    }

    private double[][] attention(String at, double[][] x, long[] mask) {
        int width = config.hidden() / config.heads();
        double[][] q = each(at + "query", x);
        double[][] k = each(at + "key", x);
        double[][] v = each(at + "value", x);
        double[][] out = new double[x.length][config.hidden()];
        for (int head = 0; head < config.heads(); head++) {
            for (int l = 0; l < x.length; l++) {
                double[] share = shares(q[l], k, head * width, width, mask);
                for (int m = 0; m < x.length; m++) {
                    for (int i = head * width; i < (head + 1) * width; i++) {
                        out[l][i] += share[m] * v[m][i];
                    }
                }
            }
        }
        return out;
    }

    /** Softmax over the keys that are real tokens; over all keys, evenly, when none is. */
    private static double[] shares(double[] q, double[][] k, int from, int width, long[] mask) {
        double[] share = new double[k.length];
        double total = 0;
        boolean anyReal = java.util.Arrays.stream(mask).anyMatch(m -> m == 1);
        for (int m = 0; m < k.length; m++) {
            double score = 0;
            for (int i = from; i < from + width; i++) {
                score += q[i] * k[m][i];
            }
            share[m] = !anyReal ? 1 : mask[m] == 1 ? Math.exp(score / Math.sqrt(width)) : 0;
            total += share[m];
        }
        for (int m = 0; m < k.length; m++) {
            share[m] /= total;
        }
        return share;
    }

    private double[][] each(String name, double[][] x) {
        double[][] out = new double[x.length][];
        for (int l = 0; l < x.length; l++) {
            out[l] = dense(name, x[l], config.hidden());
        }
        return out;
    }

    private double[] dense(String name, double[] x, int outputs) {
        double[] y = new double[outputs];
        for (int o = 0; o < outputs; o++) {
            y[o] = weight(name + ".bias", o);
            for (int i = 0; i < x.length; i++) {
                y[o] += weight(name + ".weight", o * x.length + i) * x[i];
            }
        }
        return y;
    }

    private double[] layerNorm(String name, double[] x) {
        double mean = java.util.Arrays.stream(x).average().orElseThrow();
        double variance = java.util.Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (x[i] - mean) / Math.sqrt(variance + config.layerNormEps()) * weight(name + ".weight", i)
                    + weight(name + ".bias", i);
        }
        return y;
    }

    private static double[] sum(double[] a, double[] b) {
        double[] y = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            y[i] = a[i] + b[i];
        }
        return y;
    }

    private double weight(String name, int index) {
        return weights.get(name)[index];
    }

    /** Maclaurin series; beyond 5 the result is one within 2e-12. */
    static double erf(double x) {
        if (Math.abs(x) > 5) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }
}
