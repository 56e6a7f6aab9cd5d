package org.dndllm.generator;

import java.util.Map;
import java.util.Objects;
import org.dndllm.format.TensorView;

/**
 * The compact family once more, from the formulas of {@link CompactConfig}, in double and with plain loops over [n][l][c]
 * arrays: no transposes, no graph, no library.
 */
final class CompactReference {
    private final CompactConfig config;
    private final Map<String, TensorView> weights;

    CompactReference(CompactConfig config, Map<String, TensorView> weights) {
        this.config = config;
        this.weights = weights;
    }

    /** One condition [N, L, C] with its mask [N, L] to tokens [T, R, W]. */
    double[] generate(float[] condition, boolean[] mask) {
        double[][][] x = reader(condition, mask);
        for (int i = 0; i + 1 < config.stages().size(); i++) {
            x = block(x, config.stages().get(i + 1), "block." + i + ".");
        }
        Stage tokens = config.tokens();
        float[] base = floats("tokens.base");
        float[] gain = floats("tokens.gain");
        double[] result = new double[base.length];
        for (int i = 0; i < result.length; i++) {
            int t = i / (tokens.l() * tokens.c());
            result[i] = base[i] + gain[t] * x[t][i / tokens.c() % tokens.l()][i % tokens.c()];
        }
        return result;
    }

    /** [P][1][H]. */
    private double[][][] reader(float[] condition, boolean[] mask) {
        int slots = config.slots();
        int width = config.width();
        int channels = config.channels();
        int length = config.textLength();
        float[] query = floats("reader.query");
        float[] value = floats("reader.value.weight");
        float[] bias = floats("reader.value.bias");
        double[][][] z = new double[slots][1][width];
        for (int n = 0; n < config.prompts(); n++) {
            double[][] x = new double[length][channels];
            for (int l = 0; l < length; l++) {
                for (int c = 0; c < channels; c++) {
                    x[l][c] = condition[(n * length + l) * channels + c];
                }
                normalize(new double[][] {x[l]}, "reader.norm.");
            }
            for (int p = 0; p < slots; p++) {
                double[] share = new double[length];
                double sum = 0;
                for (int l = 0; l < length; l++) {
                    double score = mask[n * length + l] ? 0 : -1e9;
                    for (int c = 0; c < channels; c++) {
                        score += x[l][c] * query[p * channels + c];
                    }
                    share[l] = Math.exp(score);
                    sum += share[l];
                }
                for (int h = 0; h < width; h++) {
                    double v = bias[p * width + h];
                    for (int l = 0; l < length; l++) {
                        for (int c = 0; c < channels; c++) {
                            v += value[h * channels + c] * share[l] / sum * x[l][c];
                        }
                    }
                    z[p][0][h] += gelu(v) / config.prompts();
                }
            }
        }
        return z;
    }

    private double[][][] block(double[][][] x, Stage out, String prefix) {
        double[][][] u = new double[x.length][][];
        for (int n = 0; n < x.length; n++) {
            u[n] = new double[x[n].length][];
            for (int l = 0; l < x[n].length; l++) {
                u[n][l] = x[n][l].clone();
            }
            normalize(u[n], prefix + "norm.");
        }
        double[][][] width = perChannel(u, prefix + "width.depthwise1");
        width = mapChannels(width, out.c(), prefix + "width.pointwise1");
        width = perRow(width, prefix + "width.depthwise2");
        width = mapRows(width, out.l(), prefix + "width.pointwise2");
        double[][][] height = perRow(u, prefix + "height.depthwise1");
        height = mapRows(height, out.l(), prefix + "height.pointwise1");
        height = perChannel(height, prefix + "height.depthwise2");
        height = mapChannels(height, out.c(), prefix + "height.pointwise2");

        float[] bias = floats(prefix + "bias");
        float[] mix = floats(prefix + "mix.weight");
        float[] mixBias = floats(prefix + "mix.bias");
        boolean residual = out.equals(new Stage(x.length, x[0].length, x[0][0].length));
        double[][][] result = new double[out.n()][out.l()][out.c()];
        for (int o = 0; o < out.n(); o++) {
            for (int l = 0; l < out.l(); l++) {
                for (int c = 0; c < out.c(); c++) {
                    double sum = mixBias[o] + (residual ? x[o][l][c] : 0);
                    for (int n = 0; n < x.length; n++) {
                        double y = width[n][l][c] + Math.tanh(height[n][l][c]) + bias[l * out.c() + c];
                        sum += mix[o * x.length + n] * y;
                    }
                    result[o][l][c] = sum;
                }
            }
        }
        return result;
    }

    /** One filter per c over rows l, columns n. */
    private double[][][] perChannel(double[][][] x, String name) {
        float[] w = floats(name);
        int k = config.kernel();
        double[][][] y = new double[x.length][x[0].length][x[0][0].length];
        for (int n = 0; n < x.length; n++) {
            for (int l = 0; l < x[0].length; l++) {
                for (int c = 0; c < x[0][0].length; c++) {
                    for (int i = 0; i < k * k; i++) {
                        y[n][l][c] += w[c * k * k + i] * at(x, n + i % k - k / 2, l + i / k - k / 2, c);
                    }
                }
            }
        }
        return y;
    }

    /** One filter per l over rows n, columns c. */
    private double[][][] perRow(double[][][] x, String name) {
        float[] w = floats(name);
        int k = config.kernel();
        double[][][] y = new double[x.length][x[0].length][x[0][0].length];
        for (int n = 0; n < x.length; n++) {
            for (int l = 0; l < x[0].length; l++) {
                for (int c = 0; c < x[0][0].length; c++) {
                    for (int i = 0; i < k * k; i++) {
                        y[n][l][c] += w[l * k * k + i] * at(x, n + i / k - k / 2, l, c + i % k - k / 2);
                    }
                }
            }
        }
        return y;
    }

    private double[][][] mapChannels(double[][][] x, int channels, String name) {
        float[] w = floats(name);
        int inputs = x[0][0].length;
        double[][][] y = new double[x.length][x[0].length][channels];
        for (int n = 0; n < x.length; n++) {
            for (int l = 0; l < x[0].length; l++) {
                for (int i = 0; i < channels * inputs; i++) {
                    y[n][l][i / inputs] += w[i] * x[n][l][i % inputs];
                }
            }
        }
        return y;
    }

    private double[][][] mapRows(double[][][] x, int rows, String name) {
        float[] w = floats(name);
        int inputs = x[0].length;
        double[][][] y = new double[x.length][rows][x[0][0].length];
        for (int n = 0; n < x.length; n++) {
            for (int i = 0; i < rows * inputs; i++) {
                for (int c = 0; c < x[0][0].length; c++) {
                    y[n][i / inputs][c] += w[i] * x[n][i % inputs][c];
                }
            }
        }
        return y;
    }

    /** Zero outside. */
    private static double at(double[][][] x, int n, int l, int c) {
        boolean inside = n >= 0 && n < x.length && l >= 0 && l < x[0].length && c >= 0 && c < x[0][0].length;
        return inside ? x[n][l][c] : 0;
    }

    /** Over the whole plane, in place. */
    private void normalize(double[][] plane, String prefix) {
        float[] scale = floats(prefix + "weight");
        float[] shift = floats(prefix + "bias");
        int columns = plane[0].length;
        int count = plane.length * columns;
        double mean = 0;
        for (int i = 0; i < count; i++) {
            mean += plane[i / columns][i % columns] / count;
        }
        double variance = 0;
        for (int i = 0; i < count; i++) {
            variance += Math.pow(plane[i / columns][i % columns] - mean, 2) / count;
        }
        for (int i = 0; i < count; i++) {
            double unit = (plane[i / columns][i % columns] - mean) / Math.sqrt(variance + 1e-5);
            plane[i / columns][i % columns] = unit * scale[i] + shift[i];
        }
    }

    private static double gelu(double x) {
        return x * 0.5 * (1 + erf(x / Math.sqrt(2)));
    }

    /** The Maclaurin series, which double carries to 1e-10 for the small arguments of these tests. */
    private static double erf(double x) {
        if (Math.abs(x) > 5) {
            return Math.signum(x); // 1 - erf(5) is 1.5e-12
        }
        double term = x;
        double sum = x;
        for (int i = 1; Math.abs(term) > 1e-16 * Math.abs(sum); i++) {
            term *= -x * x / i;
            sum += term / (2 * i + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    private float[] floats(String name) {
        return Objects.requireNonNull(weights.get(name), name).toFloats();
    }
}
