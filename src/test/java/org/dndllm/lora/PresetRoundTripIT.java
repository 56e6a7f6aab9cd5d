package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.dndllm.format.DType;
import org.dndllm.format.HalfFloats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole adapters of the official targets' true shapes through the official tokens and back; 7B takes some 700 MB. */
class PresetRoundTripIT {
    private static final double SPREAD_A = 0.06;
    private static final double SPREAD_B = 0.02;
    /** Tokens hold a chunk's deviation to about 1e-7, and standardised values reach 1.7. */
    private static final double TOKEN_ERROR = 4e-7;

    @ParameterizedTest
    @CsvSource({
        "qwen2.5-0.5b-commonsense, 4399104, 5584800",
        "qwen2.5-1.5b-math, 18464768, 20935152",
        "qwen2.5-7b-math, 40370176, 45593856",
        "qwen2.5-vl-3b-math, 29933568, 33938352",
    })
    void detokenize_wholeAdapterInBf16_comesBack(String preset, long values, int elements) {
        // given: values that bfloat16 holds, as official adapters are stored
        long seed = 20250616;
        AdapterLayout layout = AdapterLayout.preset(preset);
        LoraWeights weights = random(layout, seed);

        // when
        float[] tokens = layout.tokenize(weights);
        LoraWeights back = layout.detokenize(tokens, DType.BF16);

        // then
        assertThat(tokens).hasSize(elements);
        long counted = 0;
        for (int i = 0; i < weights.tensors().size(); i++) {
            LoraTensor pair = weights.tensors().get(i);
            LoraTensor returned = back.tensors().get(i);
            String label = preset + " " + pair.label() + ", seed " + seed;
            assertSame(label + " A", pair.a(), returned.a());
            assertSame(label + " B", pair.b(), returned.b());
            counted += pair.a().length + pair.b().length;
        }
        assertThat(counted).isEqualTo(values);
    }

    /** What holds for the one holds for the other. */
    @Test
    void preset_codingAndMath_shareTheirLayout() {
        assertThat(AdapterLayout.preset("qwen2.5-1.5b-coding")).isEqualTo(AdapterLayout.preset("qwen2.5-1.5b-math"));
        assertThat(AdapterLayout.preset("qwen2.5-7b-coding")).isEqualTo(AdapterLayout.preset("qwen2.5-7b-math"));
    }

    /** Bfloat16 rounds the error away wherever half a unit in its last place, at least 2^-9 of the value, is more. */
    private static void assertSame(String label, float[] expected, float[] found) {
        assertThat(found).as(label).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            boolean exact = Math.abs(expected[i]) * 0x1p-9 > TOKEN_ERROR;
            double difference = Math.abs((double) expected[i] - found[i]);
            if (difference > (exact ? 0 : 3 * TOKEN_ERROR)) { // the error and a unit in the last place
                assertThat(found[i]).as("%s, value %d", label, i).isEqualTo(expected[i]);
            }
        }
    }

    private static LoraWeights random(AdapterLayout layout, long seed) {
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < layout.shape().layers(); layer++) {
            for (TargetModule module : layout.modules()) {
                int stream = pairs.size();
                int countA = layout.rank() * layout.shape().in(module);
                int countB = layout.rank() * layout.shape().out(module);
                pairs.add(new LoraTensor(
                        layer,
                        module,
                        uniform(seed + 2L * stream, countA, SPREAD_A, 0.001),
                        uniform(seed + 2L * stream + 1, countB, SPREAD_B, -0.002)));
            }
        }
        return LoraWeights.of(layout.shape(), layout.rank(), layout.alpha(), DType.BF16, pairs);
    }

    /** Uniform of that deviation, rounded to bfloat16. */
    private static float[] uniform(long seed, int count, double deviation, double mean) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            double value = (random.nextDouble() - 0.5) * Math.sqrt(12) * deviation + mean;
            values[i] = HalfFloats.bf16ToFloat(HalfFloats.floatToBf16((float) value));
        }
        return values;
    }
}
