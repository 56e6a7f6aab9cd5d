package org.dndllm.lora;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.format.DType;

/** Small shapes and seeded adapters for the tests of this package. */
final class LoraFixtures {
    /** Untied, two layers, all four widths different. */
    static final BaseShape TINY = new BaseShape("qwen2", 2, 64, 4, 2, 16, 96, 320, false);

    static final BaseShape TINY_TIED = new BaseShape("qwen2", 2, 64, 4, 2, 16, 96, 320, true);
    static final List<TargetModule> ALL = List.of(TargetModule.values());

    private LoraFixtures() {}

    /** Random normal values, A of spread 0.05 and B of spread 0.02, rounded to the type. */
    static LoraWeights random(
            BaseShape shape, int rank, float alpha, List<TargetModule> modules, DType dtype, long seed) {
        Random random = new Random(seed);
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : modules) {
                pairs.add(new LoraTensor(
                        layer,
                        module,
                        normal(random, rank * shape.in(module), 0.05, 0.001),
                        normal(random, shape.out(module) * rank, 0.02, -0.002)));
            }
        }
        return LoraWeights.of(shape, rank, alpha, DType.F32, pairs).withDtype(dtype);
    }

    static float[] normal(Random random, int n, double spread, double mean) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextGaussian() * spread + mean);
        }
        return values;
    }

    /** The README's formula: a 32-bit mixing of the index, uniform in [-0.5, 0.5), times spread plus center. */
    static float[] noise(int seed, int n, double spread, double center) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            int x = i + 0x9E3779B9 * (seed + 1);
            x ^= x >>> 16;
            x *= 0x7feb352d;
            x ^= x >>> 15;
            x *= 0x846ca68b;
            x ^= x >>> 16;
            values[i] = (float) (((x >>> 8) * 0x1p-24 - 0.5) * spread + center);
        }
        return values;
    }

    /** scale * B * A [out, in], the slow and plain way. */
    static double[] delta(LoraWeights weights, LoraTensor pair) {
        int in = weights.shape().in(pair.module());
        int out = weights.shape().out(pair.module());
        int rank = weights.rank();
        double[] delta = new double[out * in];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                double sum = 0;
                for (int r = 0; r < rank; r++) {
                    sum += (double) pair.b()[o * rank + r] * pair.a()[r * in + i];
                }
                delta[o * in + i] = sum * weights.alpha() / rank;
            }
        }
        return delta;
    }

    static boolean sameValues(LoraWeights left, LoraWeights right) {
        if (left.tensors().size() != right.tensors().size()) {
            return false;
        }
        for (int i = 0; i < left.tensors().size(); i++) {
            LoraTensor l = left.tensors().get(i);
            LoraTensor r = right.tensors().get(i);
            if (l.layer() != r.layer()
                    || l.module() != r.module()
                    || !java.util.Arrays.equals(l.a(), r.a())
                    || !java.util.Arrays.equals(l.b(), r.b())) {
                return false;
            }
        }
        return left.rank() == right.rank()
                && left.alpha() == right.alpha()
                && left.shape().equals(right.shape());
    }
}
