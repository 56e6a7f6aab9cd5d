package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dndllm.format.DType;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;

/** Comparing and changing the values of adapters. */
final class AdapterValues {
    private AdapterValues() {}

    interface Change {
        float of(float value);
    }

    static LoraWeights map(LoraWeights weights, Change change) {
        List<LoraTensor> tensors = new ArrayList<>();
        for (LoraTensor tensor : weights.tensors()) {
            tensors.add(new LoraTensor(
                    tensor.layer(), tensor.module(), changed(tensor.a(), change), changed(tensor.b(), change)));
        }
        // F32 to BF16 rounds as a generator's output would be
        return LoraWeights.of(weights.shape(), weights.rank(), weights.alpha(), DType.F32, tensors)
                .withDtype(DType.BF16);
    }

    private static float[] changed(float[] values, Change change) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = change.of(values[i]);
        }
        return result;
    }

    static void assertSame(LoraWeights actual, LoraWeights expected) {
        assertThat(actual.alpha()).isEqualTo(expected.alpha());
        assertThat(actual.rank()).isEqualTo(expected.rank());
        assertThat(values(actual)).isEqualTo(values(expected));
    }

    static float[][] values(LoraWeights weights) {
        return weights.tensors().stream()
                .flatMap(tensor -> Stream.of(tensor.a(), tensor.b()))
                .toArray(float[][]::new);
    }

    static double largest(float[] values) {
        return largestDifference(values, new float[values.length]);
    }

    static double largestDifference(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }
}
