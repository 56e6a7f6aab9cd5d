package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AdapterLayoutTest {
    @ParameterizedTest
    @CsvSource({
        // name, T, R, W, values of the adapter; per layer q, k, o, up, down (v as k, gate as up)
        "qwen2.5-0.5b-commonsense, 4296, 10, 130, 4399104, 14, 8, 14, 45, 45",
        "qwen2.5-1.5b-coding, 4508, 18, 258, 18464768, 12, 7, 12, 41, 41",
        "qwen2.5-1.5b-math, 4508, 18, 258, 18464768, 12, 7, 12, 41, 41",
        "qwen2.5-7b-coding, 4928, 18, 514, 40370176, 14, 8, 14, 44, 44",
        "qwen2.5-7b-math, 4928, 18, 514, 40370176, 14, 8, 14, 44, 44",
        "qwen2.5-vl-3b-math, 7308, 18, 258, 29933568, 16, 9, 16, 51, 51",
    })
    void preset_official_hasPublishedTokens(
            String name, int tokens, int rows, int columns, long values, int q, int k, int o, int up, int down) {
        // when
        AdapterLayout layout = AdapterLayout.preset(name);

        // then
        assertThat(layout.tokens()).isEqualTo(tokens);
        assertThat(layout.rows()).isEqualTo(rows);
        assertThat(layout.columns()).isEqualTo(columns);
        assertThat(layout.size()).isEqualTo(tokens * rows * columns);
        assertThat(layout.alpha()).isEqualTo(2f * layout.rank());
        assertThat(ALL_MODULES.stream().mapToInt(layout::tokensOf).toArray()).containsExactly(q, k, k, o, up, up, down);
        long parameters = 0;
        for (TargetModule module : ALL_MODULES) {
            parameters += (long) layout.rank()
                    * (layout.shape().in(module) + layout.shape().out(module));
        }
        assertThat(parameters * layout.shape().layers()).isEqualTo(values);
        assertThat(layout.mask().cardinality()).as("presets have no padding").isEqualTo(layout.size());
    }

    private static final List<TargetModule> ALL_MODULES = List.of(TargetModule.values());

    @Test
    void presetNames_all_areSixOfficialAndOneCompact() {
        assertThat(AdapterLayout.presetNames())
                .hasSize(7)
                .allSatisfy(name -> assertThat(AdapterLayout.preset(name)).isNotNull());
    }

    @Test
    void preset_unknown_throwsWithNames() {
        assertThatThrownBy(() -> AdapterLayout.preset("llama"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("qwen2.5-0.5b-commonsense");
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void detokenize_tokenized05B_givesWeights(DType dtype) {
        // given
        long seed = 11;
        AdapterLayout layout = AdapterLayout.preset("qwen2.5-0.5b-commonsense");
        LoraWeights weights = LoraFixtures.random(layout.shape(), 8, 16, ALL_MODULES, dtype, seed);

        // when
        float[] tokens = layout.tokenize(weights);
        LoraWeights back = layout.detokenize(tokens, dtype);

        // then: the deviation is about 1e-7 off (0.1 is added to it before the logarithm, in single precision), tokens
        // reach about 5; rounding to the stored type adds half a unit in its last place.
        double unit = dtype == DType.F32 ? 0 : dtype == DType.F16 ? 0x1p-11 : 0x1p-8;
        assertClose(weights, back, 1e-6, unit, seed);
        assertThat(back.dtype()).isEqualTo(dtype);
    }

    @ParameterizedTest
    @CsvSource({
        // rank, chunk, ragged?
        "1, 16, false",
        "3, 32, false",
        "8, 32, false",
        "5, 48, true",
        "4, 40, true",
        "2, 128, true",
        "64, 2, false",
    })
    void detokenize_anyRankAndChunk_givesWeights(int rank, int chunk, boolean padded) {
        // given
        long seed = 100L * rank + chunk;
        List<TargetModule> some = List.of(TargetModule.V_PROJ, TargetModule.DOWN_PROJ, TargetModule.Q_PROJ);
        AdapterLayout layout = AdapterLayout.of(LoraFixtures.TINY, rank, 2 * rank, some, chunk);
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, rank, 2 * rank, some, DType.F32, seed);

        // when
        float[] tokens = layout.tokenize(weights);
        LoraWeights back = layout.detokenize(tokens, DType.F32);

        // then
        assertThat(layout.modules()).containsExactly(TargetModule.Q_PROJ, TargetModule.V_PROJ, TargetModule.DOWN_PROJ);
        assertClose(weights, back, 1e-6, 0, seed);
        BitSet mask = layout.mask();
        assertThat(mask.cardinality() < layout.size()).isEqualTo(padded);
        for (int i = 0; i < tokens.length; i++) {
            assertThat(Float.isNaN(tokens[i])).as("NaN at %d, seed %d", i, seed).isNotEqualTo(mask.get(i));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 16", "3, 32", "8, 8", "64, 2", "5, 1"})
    void detokenize_plain_givesTheSameBits(int rank, int chunk) {
        // given: some values that arithmetic would not keep
        long seed = 100L * rank + chunk;
        AdapterLayout layout = AdapterLayout.plain(LoraFixtures.TINY, rank, rank, ALL_MODULES, chunk);
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, rank, rank, ALL_MODULES, DType.F32, seed);
        weights.tensors().getFirst().a()[1] = -0f;
        weights.tensors().getLast().b()[0] = Float.MIN_VALUE;

        // when
        float[] tokens = layout.tokenize(weights);
        LoraWeights back = layout.detokenize(tokens, DType.F32);

        // then
        assertThat(tokens[1 % chunk + 1 / chunk * layout.size() / layout.tokens()])
                .as("negative zero")
                .isEqualTo(-0f);
        assertThat(LoraFixtures.sameValues(back, weights)).as("seed %d", seed).isTrue();
        assertThat(layout.form()).isEqualTo(TokenForm.PLAIN);
        assertThat(layout.rows()).isEqualTo(rank);
        assertThat(layout.columns()).isEqualTo(chunk);
        assertThat(layout.mask().cardinality()).isEqualTo(layout.size());
    }

    @Test
    void moduleTokens_plain_placeEveryChunk() {
        // given
        AdapterLayout layout = AdapterLayout.plain(LoraFixtures.TINY, 3, 6, ALL_MODULES, 16);
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 3, 6, ALL_MODULES, DType.F32, 5);

        // when
        float[] tokens = layout.tokenize(weights);

        // then: A[r, c * chunk + j] = token[firstA + c][r][j], B[c * chunk + j, r] = token[firstB + c][r][j]
        int next = 0;
        for (ModuleTokens place : layout.moduleTokens()) {
            assertThat(place.firstA()).isEqualTo(next);
            assertThat(place.firstB()).isEqualTo(place.firstA() + place.countA());
            next = place.firstB() + place.countB();
            LoraTensor pair = weights.tensors().stream()
                    .filter(p -> p.layer() == place.layer() && p.module() == place.module())
                    .findFirst()
                    .orElseThrow();
            int in = layout.shape().in(place.module());
            for (int i = 0; i < pair.a().length; i++) {
                int column = i % in;
                assertThat(tokens[((place.firstA() + column / 16) * 3 + i / in) * 16 + column % 16])
                        .isEqualTo(pair.a()[i]);
            }
            for (int i = 0; i < pair.b().length; i++) {
                int column = i / 3;
                assertThat(tokens[((place.firstB() + column / 16) * 3 + i % 3) * 16 + column % 16])
                        .isEqualTo(pair.b()[i]);
            }
        }
        assertThat(next).isEqualTo(layout.tokens());
    }

    @ParameterizedTest
    @CsvSource({"48, 64", "64, 32", "0, chunk width", "-1, chunk width"})
    void plain_chunkThatDoesNotDivide_throwsNamingTheWidth(int chunk, String part) {
        assertThatThrownBy(() -> AdapterLayout.plain(LoraFixtures.TINY, 4, 8, ALL_MODULES, chunk))
                .isInstanceOfSatisfying(
                        InvalidInputException.class, e -> assertThat(e.field()).isEqualTo("chunk"))
                .hasMessageContaining(part);
    }

    @Test
    void tokenize_constantChunk_givesZerosAndComesBack() {
        // given: B all zero, as LoRA initialises it, and an A of one repeated value
        float[] a = new float[4 * 64];
        java.util.Arrays.fill(a, 0.1f);
        List<LoraTensor> pairs = new java.util.ArrayList<>();
        for (int layer = 0; layer < 2; layer++) {
            pairs.add(new LoraTensor(layer, TargetModule.Q_PROJ, a, new float[64 * 4]));
        }
        LoraWeights weights = LoraWeights.of(LoraFixtures.TINY, 4, 8, DType.F32, pairs);
        AdapterLayout layout = AdapterLayout.of(LoraFixtures.TINY, 4, 8, List.of(TargetModule.Q_PROJ), 32);

        // when
        float[] tokens = layout.tokenize(weights);

        // then
        assertThat(tokens).doesNotContain(Float.NaN);
        assertThat(tokens[0]).isZero();
        assertThat(LoraFixtures.sameValues(layout.detokenize(tokens, DType.F32), weights))
                .isTrue();
    }

    @Test
    void tokenize_handComputedChunk_matchesFormula() {
        // given: rank 1, values 1..4, mean 2.5, unbiased deviation sqrt(5/3)
        BaseShape shape = new BaseShape("qwen2", 1, 4, 1, 1, 4, 4, 8, true);
        LoraWeights weights = LoraWeights.of(
                shape,
                1,
                1,
                DType.F32,
                List.of(new LoraTensor(0, TargetModule.Q_PROJ, new float[] {1, 2, 3, 4}, new float[] {4, 3, 2, 1})));
        AdapterLayout layout = AdapterLayout.of(shape, 1, 1, List.of(TargetModule.Q_PROJ), 4);

        // when
        float[] tokens = layout.tokenize(weights); // [2, 3, 6]

        // then
        double deviation = Math.sqrt(5.0 / 3);
        float mean8 = 20;
        float log = (float) (Math.log(0.9 * deviation + 0.1) + 1.6);
        float z = (float) (1.5 / deviation);
        float y = (float) (0.5 / deviation);
        float[] expected = {
            -z, -y, y, z, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log, z, y, -y,
            -z, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log, mean8, log
        };
        assertThat(tokens).containsExactly(expected, within(1e-6f));
    }

    @Test
    void tokenize_otherRankShapeOrModules_throws() {
        AdapterLayout layout = AdapterLayout.of(LoraFixtures.TINY, 4, 8, ALL_MODULES, 32);
        assertMisfit(layout, LoraFixtures.random(LoraFixtures.TINY, 8, 16, ALL_MODULES, DType.F32, 1), "rank");
        assertMisfit(layout, LoraFixtures.random(LoraFixtures.TINY, 4, 4, ALL_MODULES, DType.F32, 1), "alpha");
        assertMisfit(layout, LoraFixtures.random(LoraFixtures.TINY_TIED, 4, 8, ALL_MODULES, DType.F32, 1), "is for");
        assertMisfit(
                layout,
                LoraFixtures.random(LoraFixtures.TINY, 4, 8, List.of(TargetModule.Q_PROJ), DType.F32, 1),
                "touches");
    }

    private static void assertMisfit(AdapterLayout layout, LoraWeights weights, String message) {
        assertThat(layout.fits(weights)).isFalse();
        assertThatThrownBy(() -> layout.tokenize(weights))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void detokenize_wrongCountOrNaN_throws() {
        AdapterLayout layout = AdapterLayout.of(LoraFixtures.TINY, 4, 8, ALL_MODULES, 32);
        assertThatThrownBy(() -> layout.detokenize(new float[7], DType.F32)).hasMessageContaining("7 values");
        float[] tokens = new float[layout.size()];
        tokens[layout.size() / 2] = Float.NaN;
        assertThatThrownBy(() -> layout.detokenize(tokens, DType.BF16))
                .hasMessageContaining("layer 1 self_attn.q_proj");
        tokens[layout.size() / 2] = 0;
        tokens[layout.columns() - 1] = 1e9f; // the logarithm of a deviation: its exponential overflows
        assertThatThrownBy(() -> layout.detokenize(tokens, DType.F32)).hasMessageContaining("layer 0 self_attn.q_proj");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 8, 32, rank", "-1, 8, 32, rank", "4, 0, 32, alpha", "4, NaN, 32, alpha", "4, Infinity, 32, alpha",
        "4, 8, 31, chunk", "4, 8, 0, chunk", "4, 8, -2, chunk", "2000000, 8, 32, rank", "1000000, 8, 2, rank",
    })
    void of_badMeasure_throwsNamingIt(int rank, float alpha, int chunk, String field) {
        assertThatThrownBy(() -> AdapterLayout.of(LoraFixtures.TINY, rank, alpha, ALL_MODULES, chunk))
                .isInstanceOfSatisfying(
                        InvalidInputException.class, e -> assertThat(e.field()).isEqualTo(field));
    }

    @Test
    void fromJson_written_givesSameLayout() {
        for (String name : AdapterLayout.presetNames()) {
            AdapterLayout layout = AdapterLayout.preset(name);
            assertThat(layout.toJson().containsKey("form"))
                    .as("the standardised form is what earlier bundles mean")
                    .isEqualTo(layout.form() == TokenForm.PLAIN);
            String json = JsonWriter.write(layout.toJson());
            assertThat(AdapterLayout.fromJson(
                            JsonValue.parse(json, "bundle.json").asObject("bundle.json")))
                    .isEqualTo(layout)
                    .hasSameHashCodeAs(layout);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'\"tokens\": 4296', '\"tokens\": 4295', tokens",
        "'\"format\": 1', '\"format\": 2', format",
        "'\"q_proj\"', '\"c_attn\"', modules",
        "'\"hidden\": 896', '\"hidden\": -1', hidden",
        "'\"rank\": 8', '\"rank\": \"8\"', rank",
    })
    void fromJson_tampered_throwsNamingField(String from, String to, String field) {
        String json = JsonWriter.write(
                AdapterLayout.preset("qwen2.5-0.5b-commonsense").toJson());
        assertThat(json).contains(from);
        JsonValue.Obj tampered =
                JsonValue.parse(json.replace(from, to), "bundle.json").asObject("bundle.json");
        assertThatThrownBy(() -> AdapterLayout.fromJson(tampered))
                .isInstanceOfSatisfying(
                        InvalidInputException.class, e -> assertThat(e.field()).contains(field));
    }

    @Test
    void fromJson_unknownForm_throwsNamingField() {
        String json =
                JsonWriter.write(AdapterLayout.preset("compact-qwen2.5-0.5b").toJson());
        JsonValue.Obj tampered = JsonValue.parse(json.replace("\"plain\"", "\"bare\""), "bundle.json")
                .asObject("bundle.json");
        assertThatThrownBy(() -> AdapterLayout.fromJson(tampered))
                .isInstanceOfSatisfying(
                        InvalidInputException.class, e -> assertThat(e.field()).contains("form"));
    }

    private static void assertClose(
            LoraWeights expected, LoraWeights actual, double absolute, double relative, long seed) {
        assertThat(actual.tensors()).hasSameSizeAs(expected.tensors());
        for (int t = 0; t < expected.tensors().size(); t++) {
            LoraTensor e = expected.tensors().get(t);
            LoraTensor a = actual.tensors().get(t);
            assertThat(worst(e.a(), a.a(), relative))
                    .as("%s A, seed %d", e.label(), seed)
                    .isLessThan(absolute);
            assertThat(worst(e.b(), a.b(), relative))
                    .as("%s B, seed %d", e.label(), seed)
                    .isLessThan(absolute);
        }
    }

    /** Largest difference beyond the relative part. */
    private static double worst(float[] expected, float[] actual, double relative) {
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs((double) expected[i] - actual[i]) - relative * Math.abs(expected[i]));
        }
        return worst;
    }
}
