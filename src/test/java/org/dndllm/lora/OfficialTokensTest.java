package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.format.DType;
import org.dndllm.format.SafetensorsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against the official tokenizer's own output; see {@code src/test/resources/lora/README.md}. */
class OfficialTokensTest {
    private static final String LAYER = "/lora/official-tokens.safetensors";
    private static final String TARGETS = "/lora/official-targets.safetensors";
    private static final BaseShape ONE_LAYER = new BaseShape("qwen2", 1, 896, 14, 2, 64, 4864, 151_936, true);
    private static final AdapterLayout LAYOUT = AdapterLayout.of(ONE_LAYER, 8, 16, List.of(TargetModule.values()), 128);

    @Test
    void tokenize_goldenLayer_agreesWithOfficialCodeToBfloat16() throws Exception {
        // given
        float[] rows = golden(LAYER, "token_rows"); // [179, 130]: row n % 10 of token n

        // when
        float[] tokens = LAYOUT.tokenize(weights(ONE_LAYER, 8));

        // then
        assertThat(LAYOUT.tokens()).isEqualTo(179);
        for (int n = 0; n < 179; n++) {
            int row = n % 10;
            for (int c = 0; c < 130; c++) {
                float official = rows[n * 130 + c];
                float ours = tokens[(n * 10 + row) * 130 + c];
                boolean border = row >= 8 || c >= 128;
                // Border: 8 * mean is rounded once, the logarithm's argument and result several times, bfloat16 keeps 8
                // bits. Chunk: mean, deviation, difference and quotient are each rounded; the mean's rounding weighs
                // more
                // where the mean is several deviations (up to 3 here).
                double tolerance = border ? 0.008 + 0.008 * Math.abs(official) : 0.02 + 0.012 * Math.abs(official);
                assertThat(Math.abs(ours - official))
                        .as("token %d row %d column %d: official %s, ours %s", n, row, c, official, ours)
                        .isLessThanOrEqualTo((float) tolerance);
            }
        }
    }

    @Test
    void detokenize_goldenTokens_givesOfficialWeights() throws Exception {
        // given: tokens whose copies of the scale all differ, so that the averaging shows
        float[] official = golden(LAYER, "detokenized_every_11th");
        float[] tokens = LoraFixtures.noise(99, LAYOUT.size(), 1.4, -0.2);

        // when
        LoraWeights weights = LAYOUT.detokenize(tokens, DType.F32);

        // then: both compute in single precision, in a different order of sums
        float[] flat = flatten(weights);
        assertThat(flat).hasSize(183_296);
        for (int i = 0; i < official.length; i++) {
            assertThat(flat[11 * i]).as("value %d", 11 * i).isCloseTo(official[i], within(official[i]));
        }
    }

    /** The classes of the larger targets have code of their own: every token's place, edges and border. */
    @ParameterizedTest
    @CsvSource({"1.5b, qwen2.5-1.5b-math, 161", "7b, qwen2.5-7b-math, 176", "vl-3b, qwen2.5-vl-3b-math, 203"})
    void tokenize_largerTarget_agreesWithOfficialCodeToBfloat16(String golden, String preset, int count)
            throws Exception {
        // given: one layer of the target's shape
        AdapterLayout layout = oneLayer(preset);
        float[] heads = golden(TARGETS, golden + ".token_heads"); // [T, 20]: row n % R of token n, 16 first, 4 last

        // when
        float[] tokens = layout.tokenize(weights(layout.shape(), layout.rank()));

        // then
        assertThat(layout.tokens()).isEqualTo(count);
        int rows = layout.rows();
        int columns = layout.columns();
        for (int n = 0; n < count; n++) {
            for (int i = 0; i < 20; i++) {
                int row = n % rows;
                int column = i < 16 ? i : columns - 20 + i;
                float official = heads[n * 20 + i];
                boolean border = row >= layout.rank() || column >= layout.chunk();
                double tolerance = border ? 0.008 + 0.008 * Math.abs(official) : 0.02 + 0.012 * Math.abs(official);
                assertThat(Math.abs(tokens[(n * rows + row) * columns + column] - official))
                        .as("%s, token %d row %d column %d: official %s", golden, n, row, column, official)
                        .isLessThanOrEqualTo((float) tolerance);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1.5b, qwen2.5-1.5b-coding", "7b, qwen2.5-7b-coding", "vl-3b, qwen2.5-vl-3b-math"})
    void detokenize_largerTarget_givesOfficialWeights(String golden, String preset) throws Exception {
        // given
        AdapterLayout layout = oneLayer(preset);
        float[] official = golden(TARGETS, golden + ".detokenized_every_1009th");

        // when
        float[] flat = flatten(layout.detokenize(LoraFixtures.noise(99, layout.size(), 1.4, -0.2), DType.F32));

        // then
        assertThat(official).hasSize((flat.length + 1008) / 1009);
        for (int i = 0; i < official.length; i++) {
            assertThat(flat[1009 * i]).as("value %d", 1009 * i).isCloseTo(official[i], within(official[i]));
        }
    }

    private static AdapterLayout oneLayer(String preset) {
        AdapterLayout whole = AdapterLayout.preset(preset);
        BaseShape shape = whole.shape();
        BaseShape layer = new BaseShape(
                shape.architecture(),
                1,
                shape.hidden(),
                shape.heads(),
                shape.kvHeads(),
                shape.headDim(),
                shape.intermediate(),
                shape.vocab(),
                shape.tiedEmbeddings());
        return AdapterLayout.of(layer, whole.rank(), whole.alpha(), whole.modules(), whole.chunk());
    }

    private static org.assertj.core.data.Offset<Float> within(float value) {
        return org.assertj.core.data.Offset.offset(1e-6f + 1e-5f * Math.abs(value));
    }

    private static float[] flatten(LoraWeights weights) {
        List<float[]> parts = new ArrayList<>();
        int n = 0;
        for (LoraTensor pair : weights.tensors()) {
            parts.add(pair.a());
            parts.add(pair.b());
            n += pair.a().length + pair.b().length;
        }
        float[] flat = new float[n];
        int at = 0;
        for (float[] part : parts) {
            System.arraycopy(part, 0, flat, at, part.length);
            at += part.length;
        }
        return flat;
    }

    private static LoraWeights weights(BaseShape shape, int rank) {
        List<LoraTensor> pairs = new ArrayList<>();
        for (TargetModule module : TargetModule.values()) {
            int i = module.ordinal();
            pairs.add(new LoraTensor(
                    0,
                    module,
                    LoraFixtures.noise(2 * i, rank * shape.in(module), 0.05 * (i + 1), 0.01 * (i - 3)),
                    LoraFixtures.noise(2 * i + 1, rank * shape.out(module), 0.02 * Math.pow(2, i), 0.002 * (i - 2))));
        }
        return LoraWeights.of(shape, rank, 2f * rank, DType.F32, pairs).withDtype(DType.BF16);
    }

    private static float[] golden(String resource, String name) throws Exception {
        Path file = Path.of(OfficialTokensTest.class.getResource(resource).toURI());
        try (SafetensorsFile golden = SafetensorsFile.of(MemorySegment.ofArray(Files.readAllBytes(file)), "golden")) {
            return golden.tensor(name).toFloats();
        }
    }
}
