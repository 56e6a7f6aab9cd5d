package org.dndllm.train.generator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.format.DType;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.AdapterTensors;
import org.dndllm.train.TinyBase;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters from tokens, in tensors and in plain Java. */
class TokenPairsIT {
    static Stream<AdapterLayout> layouts() {
        List<TargetModule> all = List.of(TargetModule.values());
        return Stream.of(
                AdapterLayout.plain(TinyBase.SHAPE, 3, 6, all, 32),
                AdapterLayout.of(TinyBase.SHAPE, 4, 8, all, 32),
                AdapterLayout.of(TinyBase.SHAPE, 3, 6, List.of(TargetModule.K_PROJ, TargetModule.UP_PROJ), 40));
    }

    @ParameterizedTest
    @MethodSource("layouts")
    void adapters_randomTokens_equalDetokenised(AdapterLayout layout) {
        float[] one = GeneratorForwardIT.gaussian(layout.size(), 0.7f, 1);
        float[] two = GeneratorForwardIT.gaussian(layout.size(), 0.7f, 2);
        float[] both = Arrays.copyOf(one, 2 * one.length);
        System.arraycopy(two, 0, both, one.length, two.length);
        try (PointerScope scope = new PointerScope();
                TokenPairs pairs = new TokenPairs(layout, TorchDevice.CPU)) {
            Tensor tokens = Tensors.of(both, TorchDevice.CPU, 2, layout.tokens(), layout.rows(), layout.columns());

            AdapterTensors adapters = pairs.adapters(tokens);

            assertThat(adapters.scale()).isEqualTo(2);
            for (int g = 0; g < 2; g++) {
                for (LoraTensor expected :
                        layout.detokenize(g == 0 ? one : two, DType.F32).tensors()) {
                    AdapterTensors.Pair pair = java.util.Objects.requireNonNull(
                            adapters.pairs().get(new AdapterTensors.Site(expected.layer(), expected.module())));
                    assertClose(Tensors.floats(pair.a().select(0, g)), expected.a());
                    assertClose(Tensors.floats(pair.b().select(0, g)), expected.b());
                }
            }
        }
    }

    /** The plain-Java side averages the border in double, LibTorch in float. */
    private static void assertClose(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i])
                    .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-5 + 1e-5 * Math.abs(expected[i])));
        }
    }
}
