package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.junit.jupiter.api.Test;

/** Blends, norms and scales against the products formed in full. */
class LoraMathTest {
    private static final List<TargetModule> QV = List.of(TargetModule.Q_PROJ, TargetModule.V_PROJ);
    private static final List<TargetModule> QD = List.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ);

    @Test
    void of_twoAdapters_addsChangesExactly() {
        // given: different ranks, scales and modules
        LoraWeights left = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QV, DType.F32, 21);
        LoraWeights right = LoraFixtures.random(LoraFixtures.TINY, 3, 5, QD, DType.BF16, 22);

        // when
        LoraWeights blend = LoraBlend.of(List.of(new LoraBlend.Part(left, 0.7f), new LoraBlend.Part(right, -1.3f)));

        // then
        assertThat(blend.rank()).isEqualTo(7);
        assertThat(blend.dtype()).isEqualTo(DType.F32);
        assertThat(blend.tensors()).hasSize(2 * 3);
        for (LoraTensor pair : blend.tensors()) {
            double[] expected = new double[LoraFixtures.TINY.out(pair.module()) * LoraFixtures.TINY.in(pair.module())];
            addDelta(expected, left, pair, 0.7f);
            addDelta(expected, right, pair, -1.3f);
            double[] actual = LoraFixtures.delta(blend, pair);
            for (int i = 0; i < expected.length; i++) {
                // B is multiplied by a ratio in single precision; changes are about 0.01.
                assertThat(actual[i])
                        .as(pair.label())
                        .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(1e-8));
            }
        }
    }

    private static void addDelta(double[] sum, LoraWeights weights, LoraTensor at, float factor) {
        for (LoraTensor pair : weights.tensors()) {
            if (pair.layer() == at.layer() && pair.module() == at.module()) {
                double[] delta = LoraFixtures.delta(weights, pair);
                for (int i = 0; i < sum.length; i++) {
                    sum[i] += factor * delta[i];
                }
            }
        }
    }

    @Test
    void of_equalScales_keepsTypeAndValues() {
        LoraWeights left = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QV, DType.BF16, 23);
        LoraWeights right = LoraFixtures.random(LoraFixtures.TINY, 2, 4, QV, DType.BF16, 24);
        LoraWeights blend = LoraBlend.of(List.of(new LoraBlend.Part(left, 0.5f), new LoraBlend.Part(right, -0.5f)));
        assertThat(blend.dtype()).isEqualTo(DType.BF16);
        assertThat(blend.scale()).isEqualTo(1f);
        assertThat(blend.rank()).isEqualTo(6);
    }

    @Test
    void of_badParts_throws() {
        LoraWeights one = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QV, DType.F32, 25);
        LoraWeights other = LoraFixtures.random(LoraFixtures.TINY_TIED, 4, 8, QV, DType.F32, 25);
        assertBad(List.of());
        assertBad(List.of(new LoraBlend.Part(one, 0)));
        assertBad(List.of(new LoraBlend.Part(one, Float.NaN)));
        assertBad(List.of(new LoraBlend.Part(one, 1), new LoraBlend.Part(other, 1)));
    }

    private static void assertBad(List<LoraBlend.Part> parts) {
        assertThatThrownBy(() -> LoraBlend.of(parts)).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void norms_everyPair_matchFullProducts() {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 5, -12, LoraFixtures.ALL, DType.F32, 26);
        LoraNorms norms = LoraNorms.of(weights);
        double total = 0;
        for (int t = 0; t < weights.tensors().size(); t++) {
            double squares = 0;
            for (double value : LoraFixtures.delta(weights, weights.tensors().get(t))) {
                squares += value * value;
            }
            total += squares;
            assertThat(norms.entries().get(t).norm())
                    .isCloseTo(Math.sqrt(squares), org.assertj.core.data.Percentage.withPercentage(1e-6));
        }
        assertThat(norms.total()).isCloseTo(Math.sqrt(total), org.assertj.core.data.Percentage.withPercentage(1e-6));
        double byModule =
                norms.byModule().values().stream().mapToDouble(n -> n * n).sum();
        assertThat(byModule).isCloseTo(total, org.assertj.core.data.Percentage.withPercentage(1e-6));
    }

    @Test
    void withScale_changed_keepsValues() {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QV, DType.F16, 27);
        assertThat(weights.withScale(0.25f).alpha()).isEqualTo(1f);
        assertThat(weights.withAlpha(-8).scale()).isEqualTo(-2f);
        assertThat(weights.withScale(0.25f).tensors()).isSameAs(weights.tensors());
        assertThatThrownBy(() -> weights.withScale(0)).hasMessageContaining("alpha");
    }

    @Test
    void weights_bad_throwNamingThePair() {
        float[] a = new float[4 * 64];
        float[] b = new float[64 * 4];
        LoraTensor good = new LoraTensor(0, TargetModule.Q_PROJ, a, b);
        assertBadWeights("at least one", List.of());
        assertBadWeights("twice", List.of(good, good));
        assertBadWeights("layers 0 to 1", List.of(new LoraTensor(2, TargetModule.Q_PROJ, a, b)));
        assertBadWeights("layers 0 to 1", List.of(new LoraTensor(-1, TargetModule.Q_PROJ, a, b)));
        assertBadWeights("lora_B", List.of(new LoraTensor(0, TargetModule.K_PROJ, a, b)));
        assertBadWeights("lora_A", List.of(new LoraTensor(0, TargetModule.Q_PROJ, new float[3], b)));
        float[] spoilt = a.clone();
        spoilt[255] = Float.NaN;
        assertBadWeights("value 255 is NaN", List.of(new LoraTensor(0, TargetModule.Q_PROJ, spoilt, b)));
        float[] infinite = b.clone();
        infinite[1] = Float.NEGATIVE_INFINITY;
        assertBadWeights("value 1 is -Infinity", List.of(new LoraTensor(0, TargetModule.Q_PROJ, a, infinite)));
    }

    private static void assertBadWeights(String message, List<LoraTensor> pairs) {
        assertThatThrownBy(() -> LoraWeights.of(LoraFixtures.TINY, 4, 8, DType.F32, pairs))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }
}
