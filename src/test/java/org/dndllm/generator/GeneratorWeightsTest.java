package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.ModuleTokens;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.Test;

class GeneratorWeightsTest {
    private static final PaperConfig CONFIG =
            GeneratorConfig.superLarge(40, 5, new Stage(16, 30, 12), new Stage(32, 10, 8));
    private static final String LAYER = "model.decoder.module_list.0.";
    private static final float[] FROZEN_UNIFORM = {0.022300571f, -0.032323956f, -0.00499931f};
    private static final float[] FROZEN_GAUSSIAN = {-1.644021f, 0.025784956f, -0.5864646f};

    private static float[] whole(WeightSource weights, String name) {
        return weights.rows(name, 0, weights.shape(name).get(0)).toFloats();
    }

    @Test
    void rows_anyPieces_giveTheSameNumbers() {
        // given
        WeightSource weights = GeneratorWeights.random(CONFIG, 7);
        String name = LAYER + "linear2.weight";
        float[] all = whole(weights, name);
        int row = all.length / 32;
        // when
        float[] part = weights.rows(name, 5, 9).toFloats();
        // then
        assertThat(part).containsExactly(Arrays.copyOfRange(all, 5 * row, 9 * row));
    }

    @Test
    void random_fixedSeed_neverChanges() {
        // given: numbers written down when this was made, since bundles record only the seed
        WeightSource weights = GeneratorWeights.random(CONFIG, 7);
        // then
        assertThat(Arrays.copyOf(whole(weights, LAYER + "linear2.weight"), 3)).containsExactly(FROZEN_UNIFORM);
        assertThat(Arrays.copyOf(whole(weights, "gate_proj.weight"), 3)).containsExactly(FROZEN_GAUSSIAN);
    }

    @Test
    void random_otherSeedOrName_givesOtherNumbers() {
        // given
        float[] first = whole(GeneratorWeights.random(CONFIG, 7), LAYER + "linear1.conv1w.weight");
        // then
        assertThat(whole(GeneratorWeights.random(CONFIG, 8), LAYER + "linear1.conv1w.weight"))
                .isNotEqualTo(first);
        assertThat(whole(GeneratorWeights.random(CONFIG, 7), LAYER + "linear1.conv2w.weight"))
                .isNotEqualTo(first);
    }

    @Test
    void random_distributions_areTheOfficialOnes() {
        // given
        WeightSource weights = GeneratorWeights.random(CONFIG, 11);
        // then: U(-b, b) fills its range evenly, b = 1 / sqrt(fan in)
        assertUniform(whole(weights, LAYER + "linear1.conv1w.weight"), 1 / Math.sqrt(12 * 25));
        assertUniform(whole(weights, LAYER + "linear1.conv1h.weight"), 1 / Math.sqrt(30 * 25));
        assertUniform(whole(weights, LAYER + "linear2.weight"), 1 / Math.sqrt(16 * 25));
        assertThat(whole(weights, LAYER + "linear2.bias")).hasSize(32);
        assertBounded(whole(weights, LAYER + "linear2.bias"), 1 / Math.sqrt(16 * 25));
        assertBounded(whole(weights, LAYER + "linear1.bias"), 1.0 / 80);
        assertThat(whole(weights, LAYER + "linear1.norm.weight")).containsOnly(1f);
        assertThat(whole(weights, LAYER + "linear1.norm.bias")).containsOnly(0f);
        assertBounded(whole(weights, "down_proj.bias"), 1 / Math.sqrt(40));
        assertMoments(whole(weights, "down_proj.weight"), 1);
    }

    @Test
    void random_compact_startsAsAFreshLora() {
        // given: widths 64, 32 and 160, all a multiple of the chunk
        BaseShape shape = new BaseShape(BaseShape.QWEN2, 2, 64, 4, 2, 16, 160, 640, true);
        AdapterLayout layout = AdapterLayout.plain(shape, 4, 8, List.of(TargetModule.values()), 32);
        CompactConfig config = GeneratorConfig.compact(
                3, 16, 40, new Stage(8, 10, 48), new Stage(24, 4, 32), new Stage(layout.tokens(), 4, 32));
        // when
        WeightSource weights = GeneratorWeights.random(config, layout, 13);
        // then
        assertMoments(whole(weights, "reader.query"), 1 / Math.sqrt(48));
        assertUniform(whole(weights, "reader.value.weight"), 1 / Math.sqrt(48));
        assertThat(whole(weights, "reader.value.bias")).containsOnly(0f);
        assertThat(whole(weights, "reader.norm.weight")).containsOnly(1f);
        assertThat(whole(weights, "block.1.norm.bias")).containsOnly(0f);
        assertThat(whole(weights, "block.1.bias")).containsOnly(0f);
        assertUniform(whole(weights, "block.0.width.pointwise1"), 1 / Math.sqrt(40));
        assertUniform(whole(weights, "block.1.mix.weight"), 1 / Math.sqrt(24));
        assertBounded(whole(weights, "block.1.mix.bias"), 1 / Math.sqrt(24));
        assertThat(whole(weights, "tokens.gain")).containsOnly(0.1f);
        float[] filters = whole(weights, "block.0.height.depthwise2"); // [40, 1, 3, 3]
        for (int i = 4; i < filters.length; i += 9) {
            filters[i] -= 1;
        }
        assertMoments(filters, 0.1);
        for (ModuleTokens module : layout.moduleTokens()) {
            float[] a = weights.rows("tokens.base", module.firstA(), module.firstB())
                    .toFloats();
            assertUniform(a, Math.sqrt(3.0 / shape.in(module.module())));
            assertThat(weights.rows("tokens.base", module.firstB(), module.firstB() + module.countB())
                            .toFloats())
                    .containsOnly(0f);
        }
    }

    @Test
    void random_compactForAnotherLayout_isRefused() {
        BaseShape shape = new BaseShape(BaseShape.QWEN2, 1, 64, 4, 2, 16, 160, 640, true);
        List<TargetModule> query = List.of(TargetModule.Q_PROJ);
        AdapterLayout standardized = AdapterLayout.of(shape, 4, 8, query, 32);
        CompactConfig bordered = GeneratorConfig.compact(3, 2, 4, new Stage(2, 3, 4), new Stage(4, 6, 34));
        CompactConfig longer = GeneratorConfig.compact(3, 2, 4, new Stage(2, 3, 4), new Stage(5, 4, 32));
        assertThatThrownBy(() -> GeneratorWeights.random(bordered, standardized, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("plain");
        assertThatThrownBy(() -> GeneratorWeights.random(longer, AdapterLayout.plain(shape, 4, 8, query, 32), 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("4 tokens of 4 x 32");
    }

    private static void assertUniform(float[] values, double bound) {
        assertBounded(values, bound);
        assertMoments(values, bound / Math.sqrt(3));
    }

    private static void assertBounded(float[] values, double bound) {
        for (float value : values) {
            assertThat(Math.abs(value)).isLessThanOrEqualTo((float) bound);
        }
    }

    /** Within five standard errors of the estimate for the samples at hand. */
    private static void assertMoments(float[] values, double deviation) {
        double mean = 0;
        double square = 0;
        for (float value : values) {
            mean += value / (double) values.length;
            square += (double) value * value / values.length;
        }
        assertThat(mean).isCloseTo(0, offset(5 * deviation / Math.sqrt(values.length)));
        assertThat(Math.sqrt(square)).isCloseTo(deviation, offset(5 * deviation / Math.sqrt(values.length)));
    }

    @Test
    void rows_unknownName_isRefused() {
        WeightSource weights = GeneratorWeights.random(CONFIG, 1);
        assertThatThrownBy(() -> weights.rows("nothing", 0, 1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nothing");
    }
}
