package org.dndllm.generator;

import java.util.Map;
import org.dndllm.format.TensorView;

/**
 * The decoder once more, from its formulas, in double and with plain loops: no transposes, no graph, no library. Every
 * convolution mixes one axis of [N, L, C] completely and looks at a window in the plane of the other two.
 */
final class HyperConvReference {
    private final PaperConfig config;
    private final Map<String, TensorView> weights;

    HyperConvReference(PaperConfig config, Map<String, TensorView> weights) {
        this.config = config;
        this.weights = weights;
    }

    /** One condition [N, L, C] to tokens [T, R, W]. */
    double[] generate(float[] condition) {
        double[] values = new double[condition.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = condition[i];
        }
        Stage first = config.stages().get(0);
        if (config.projection().isPresent()) {
            values = linear(
                    linear(values, config.textLength(), first.l(), "down_proj"), first.l(), first.l(), "gate_proj");
        }
        Cube x = new Cube(first.n(), first.l(), first.c(), values);
        for (int i = 0; i + 1 < config.stages().size(); i++) {
            Stage out = config.stages().get(i + 1);
            String layer = "model.decoder.module_list." + i;
            Cube h = hyper(x, out, layer + ".linear1.");
            Cube y = conv(h, Axis.N, out.n(), layer + ".linear2.weight");
            float[] bias = floats(layer + ".linear2.bias");
            boolean residual = y.n == x.n && y.l == x.l && y.c == x.c;
            for (int n = 0; n < y.n; n++) {
                for (int l = 0; l < y.l; l++) {
                    for (int c = 0; c < y.c; c++) {
                        y.add(n, l, c, bias[n] + (residual ? x.at(n, l, c) : 0));
                    }
                }
            }
            x = y;
        }
        return x.values;
    }

    private Cube hyper(Cube input, Stage out, String prefix) {
        Cube x = normalized(input, floats(prefix + "norm.weight"), floats(prefix + "norm.bias"));
        Cube width =
                conv(conv(x, Axis.C, out.c(), prefix + "conv1w.weight"), Axis.L, out.l(), prefix + "conv1h.weight");
        Cube height =
                conv(conv(x, Axis.L, out.l(), prefix + "conv2h.weight"), Axis.C, out.c(), prefix + "conv2w.weight");
        float[] bias = floats(prefix + "bias");
        for (int i = 0; i < width.values.length; i++) {
            width.values[i] = (width.values[i] + Math.tanh(height.values[i]) + bias[i % bias.length]) / 3;
        }
        return width;
    }

    private static Cube normalized(Cube x, float[] scale, float[] shift) {
        int plane = x.l * x.c;
        Cube result = new Cube(x.n, x.l, x.c, new double[x.values.length]);
        for (int n = 0; n < x.n; n++) {
            double mean = 0;
            for (int i = 0; i < plane; i++) {
                mean += x.values[n * plane + i] / plane;
            }
            double variance = 0;
            for (int i = 0; i < plane; i++) {
                variance += Math.pow(x.values[n * plane + i] - mean, 2) / plane;
            }
            for (int i = 0; i < plane; i++) {
                double unit = (x.values[n * plane + i] - mean) / Math.sqrt(variance + 1e-5);
                result.values[n * plane + i] = unit * scale[i] + shift[i];
            }
        }
        return result;
    }

    private enum Axis {
        N,
        L,
        C
    }

    /** Kernel axes: (L, N) where C is mixed, (N, C) where L is mixed, (L, C) where N is mixed. */
    private Cube conv(Cube x, Axis mixed, int size, String name) {
        float[] w = floats(name);
        int k = config.kernel();
        int before = (k - 1) / 2;
        Cube y = new Cube(
                mixed == Axis.N ? size : x.n, mixed == Axis.L ? size : x.l, mixed == Axis.C ? size : x.c, null);
        int inputs = mixed == Axis.N ? x.n : mixed == Axis.L ? x.l : x.c;
        for (int n = 0; n < y.n; n++) {
            for (int l = 0; l < y.l; l++) {
                for (int c = 0; c < y.c; c++) {
                    double sum = 0;
                    int o = mixed == Axis.N ? n : mixed == Axis.L ? l : c;
                    for (int i = 0; i < inputs; i++) {
                        for (int a = 0; a < k; a++) {
                            for (int b = 0; b < k; b++) {
                                double weight = w[((o * inputs + i) * k + a) * k + b];
                                int da = a - before;
                                int db = b - before;
                                sum += weight
                                        * switch (mixed) {
                                            case C -> x.at(n + db, l + da, i);
                                            case L -> x.at(n + da, i, c + db);
                                            case N -> x.at(i, l + da, c + db);
                                        };
                            }
                        }
                    }
                    y.add(n, l, c, sum);
                }
            }
        }
        return y;
    }

    private double[] linear(double[] x, int in, int out, String name) {
        float[] w = floats(name + ".weight");
        float[] b = floats(name + ".bias");
        int rows = x.length / in;
        double[] y = new double[rows * out];
        for (int r = 0; r < rows; r++) {
            for (int o = 0; o < out; o++) {
                double sum = b[o];
                for (int i = 0; i < in; i++) {
                    sum += (double) w[o * in + i] * x[r * in + i];
                }
                y[r * out + o] = sum;
            }
        }
        return y;
    }

    private float[] floats(String name) {
        return java.util.Objects.requireNonNull(weights.get(name), name).toFloats();
    }

    /** [n, l, c], zero outside. */
    private static final class Cube {
        final int n;
        final int l;
        final int c;
        final double[] values;

        Cube(int n, int l, int c, double @org.jspecify.annotations.Nullable [] values) {
            this.n = n;
            this.l = l;
            this.c = c;
            this.values = values == null ? new double[n * l * c] : values;
        }

        double at(int in, int il, int ic) {
            boolean inside = in >= 0 && in < n && il >= 0 && il < l && ic >= 0 && ic < c;
            return inside ? values[(in * l + il) * c + ic] : 0;
        }

        void add(int in, int il, int ic, double value) {
            values[(in * l + il) * c + ic] += value;
        }
    }
}
