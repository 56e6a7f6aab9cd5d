package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class CanonicalFormTest {
    private static final List<TargetModule> QD = List.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ);
    private static final Set<TargetModule> ALL = EnumSet.allOf(TargetModule.class);
    /** A and B are rounded to floats: 2^-24 each at most, less over many values. */
    private static final double ROUNDING = 1e-7;

    @ParameterizedTest
    @CsvSource({"4, 8, 4, 8", "4, 8, 8, 16", "3, 5, 8, -2", "5, -12, 5, 1", "8, 16, 32, 64", "40, 16, 32, 8"})
    void of_rankThatSuffices_changesTheWeightsAlike(int rank, float alpha, int targetRank, float targetAlpha) {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, rank, alpha, LoraFixtures.ALL, DType.BF16, rank);

        LoraWeights form = new CanonicalForm(targetRank, targetAlpha, ALL, false).of(source);

        assertThat(form.rank()).isEqualTo(targetRank);
        assertThat(form.alpha()).isEqualTo(targetAlpha);
        assertThat(form.dtype()).isEqualTo(DType.F32);
        LoraError error = LoraError.of(source, form);
        if (rank <= targetRank) {
            assertThat(error.total().worst().relative()).isBetween(0d, ROUNDING);
        } else { // exact still where the module itself has no more than 32
            assertThat(error.byModule().get(TargetModule.K_PROJ).relative()).isLessThan(ROUNDING);
            assertThat(error.byModule().get(TargetModule.Q_PROJ).relative()).isGreaterThan(1e-3);
        }
    }

    @Test
    void of_anyPair_isBalancedOrthogonalDescendingUpright() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 6, 7, LoraFixtures.ALL, DType.F32, 41);

        LoraWeights form = new CanonicalForm(8, 16, ALL, false).of(source);

        for (LoraTensor pair : form.tensors()) {
            double before = Double.POSITIVE_INFINITY;
            for (int k = 0; k < 8; k++) {
                double length = rowProduct(pair, k, k);
                assertThat(columnProduct(pair, k, k)).isCloseTo(length, Offset.offset(1e-6 * length));
                assertThat(length).isLessThan(before);
                before = length == 0 ? 1 : length;
                for (int j = 0; j < k; j++) {
                    assertThat(Math.abs(rowProduct(pair, k, j))).isLessThanOrEqualTo(1e-6 * rowProduct(pair, 0, 0));
                    assertThat(Math.abs(columnProduct(pair, k, j))).isLessThanOrEqualTo(1e-6 * rowProduct(pair, 0, 0));
                }
                assertThat(largest(pair, k)).isGreaterThanOrEqualTo(-smallest(pair, k));
                if (k >= 6) {
                    assertThat(length).isZero();
                }
            }
        }
    }

    @Test
    void of_pairsThatChangeAlike_givesTheSamePair() {
        // given: B G and G⁻¹ A for an ill-chosen G, whose two scales differ by 2^40
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QD, DType.F32, 42);
        List<LoraTensor> rescaled = new ArrayList<>();
        for (LoraTensor pair : source.tensors()) {
            float[] a = pair.a().clone();
            float[] b = pair.b().clone();
            float[] factors = {0x1p-20f, -1f, 2f, 0x1p20f};
            int in = LoraFixtures.TINY.in(pair.module());
            for (int i = 0; i < a.length; i++) {
                a[i] *= factors[i / in];
            }
            for (int i = 0; i < b.length; i++) {
                b[i] /= factors[i % 4];
            }
            rescaled.add(new LoraTensor(pair.layer(), pair.module(), a, b));
        }
        LoraWeights other = LoraWeights.of(LoraFixtures.TINY, 4, 8, DType.F32, rescaled);

        // when
        LoraWeights one = new CanonicalForm(4, 8, ALL, false).of(source);
        LoraWeights two = new CanonicalForm(4, 8, ALL, false).of(other);

        // then
        for (int t = 0; t < one.tensors().size(); t++) {
            assertThat(two.tensors().get(t).a())
                    .containsExactly(one.tensors().get(t).a(), Offset.offset(1e-7f));
            assertThat(two.tensors().get(t).b())
                    .containsExactly(one.tensors().get(t).b(), Offset.offset(1e-7f));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void of_ownResult_sameBytes(DType dtype) {
        for (long seed = 0; seed < 20; seed++) {
            // given: seeds differ in rank, so that some are cut, some filled up and some kept
            int rank = 1 + (int) seed % 10;
            CanonicalForm form = new CanonicalForm(5, 10, ALL, true);
            LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, rank, 6, QD, DType.F32, seed);
            LoraWeights once = form.of(source).withDtype(dtype);

            // when
            LoraWeights twice = form.of(once);

            // then
            assertThat(twice.dtype()).as("seed %d", seed).isEqualTo(dtype);
            assertThat(bytes(twice)).as("seed %d", seed).isEqualTo(bytes(once));
        }
    }

    @Test
    void of_equalSingularValues_ownResultSameBytes() {
        // given: a rotation is free between the rows, and rounding alone would choose another one each time
        float[] a = new float[4 * 64];
        float[] b = new float[64 * 4];
        Random random = new Random(43);
        for (int k = 0; k < 4; k++) {
            for (int i = 0; i < 4; i++) {
                a[k * 64 + 4 * k + i] = (float) random.nextGaussian();
            }
        }
        for (int k = 0; k < 4; k++) {
            double norm = 0;
            for (int i = 0; i < 4; i++) {
                norm += a[k * 64 + 4 * k + i] * a[k * 64 + 4 * k + i];
            }
            b[k * 4 + k] = (float) (1 / Math.sqrt(norm));
        }
        LoraTensor pair = new LoraTensor(1, TargetModule.Q_PROJ, a, b);
        CanonicalForm form = new CanonicalForm(4, 4, Set.of(TargetModule.Q_PROJ), false);

        // when
        LoraWeights once = form.of(LoraWeights.of(LoraFixtures.TINY, 4, 4, DType.F32, List.of(pair)));

        // then
        assertThat(bytes(form.of(once))).isEqualTo(bytes(once));
    }

    @Test
    void of_otherModules_reportsDropsAndFills() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QD, DType.F32, 44);
        Set<TargetModule> targets = EnumSet.of(TargetModule.Q_PROJ, TargetModule.V_PROJ);
        CanonicalForm partial = new CanonicalForm(4, 8, targets, false);
        CanonicalForm whole = new CanonicalForm(4, 8, targets, true);

        assertThat(partial.absent(MixedLora.of(source)))
                .containsExactly(new ModuleName(0, TargetModule.V_PROJ), new ModuleName(1, TargetModule.V_PROJ));
        assertThat(partial.extra(MixedLora.of(source)).getFirst().path()).isEqualTo("layers.0.mlp.down_proj");
        assertThat(partial.of(source).modules()).containsExactly(TargetModule.Q_PROJ);

        LoraWeights filled = whole.of(source);
        assertThat(filled.modules()).isEqualTo(targets);
        LoraTensor zeros = filled.tensors().get(1);
        assertThat(zeros.module()).isEqualTo(TargetModule.V_PROJ);
        assertThat(zeros.a()).hasSize(4 * 64).containsOnly(0f);
        assertThat(zeros.b()).hasSize(32 * 4).containsOnly(0f);
        LoraError error = LoraError.of(source, filled);
        assertThat(error.byModule().get(TargetModule.DOWN_PROJ).relative()).isEqualTo(1);
        assertThat(error.byModule().get(TargetModule.V_PROJ).relative()).isZero();
        assertThat(error.byModule().get(TargetModule.V_PROJ).count()).isEqualTo(2);
        assertThat(error.total().worst().name().module()).isEqualTo(TargetModule.DOWN_PROJ);
    }

    @Test
    void of_adapterForTheLayout_isTokenized() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 9, 3, QD, DType.F16, 45);
        AdapterLayout layout = AdapterLayout.plain(LoraFixtures.TINY, 4, 8, LoraFixtures.ALL, 16);

        LoraWeights form = new CanonicalForm(4, 8, Set.copyOf(layout.modules()), true).of(source);

        assertThat(layout.fits(source)).isFalse();
        assertThat(layout.fits(form)).isTrue();
        assertThat(LoraFixtures.sameValues(layout.detokenize(layout.tokenize(form), DType.F32), form))
                .isTrue();
    }

    @Test
    void of_zeros_staysZeros() {
        LoraTensor nothing = new LoraTensor(0, TargetModule.Q_PROJ, new float[2 * 64], new float[64 * 2]);
        LoraWeights zeros = LoraWeights.of(LoraFixtures.TINY, 2, 4, DType.F32, List.of(nothing));

        LoraWeights form = new CanonicalForm(3, 4, ALL, false).of(zeros);

        assertThat(form.largestMagnitude()).isZero();
        assertThat(LoraError.of(zeros, form).total().relative()).isZero();
        assertThat(CanonicalForm.rankFor(zeros, 0.9)).isEqualTo(1);
    }

    @Test
    void of_termsThatCancel_areZerosAndNotTheirRounding() {
        LoraWeights one = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QD, DType.F32, 46);
        LoraWeights none = LoraBlend.of(List.of(new LoraBlend.Part(one, 0.7f), new LoraBlend.Part(one, -0.7f)));

        assertThat(CanonicalForm.ofRank(4, none).of(none).largestMagnitude()).isZero();
        assertThat(LoraError.of(none, none).total().norm()).isZero();
    }

    @Test
    void rankFor_shareOfEnergy_isTheSmallestRank() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 12, 8, LoraFixtures.ALL, DType.F32, 47);
        for (double energy : new double[] {0.1, 0.5, 0.9, 0.99}) {
            int rank = CanonicalForm.rankFor(source, energy);
            assertThat(kept(source, rank)).isGreaterThanOrEqualTo(energy);
            if (rank > 1) {
                assertThat(kept(source, rank - 1)).isLessThan(energy);
            }
        }
        // twice the same adapter: half of the joint rank holds all of it
        LoraWeights twice = LoraBlend.of(List.of(new LoraBlend.Part(source, 1), new LoraBlend.Part(source, 1)));
        assertThat(twice.rank()).isEqualTo(24);
        assertThat(CanonicalForm.rankFor(twice, 1)).isEqualTo(12);
    }

    private static double kept(LoraWeights source, int rank) {
        LoraError.Sum error = LoraError.of(
                        source, CanonicalForm.ofRank(rank, source).of(source))
                .total();
        return 1 - error.relative() * error.relative();
    }

    @Test
    void ofRank_keepsScaleAndModules() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 4, 6, QD, DType.F32, 48);

        CanonicalForm form = CanonicalForm.ofRank(2, source);

        assertThat(form.alpha()).isEqualTo(3f);
        assertThat(form.modules()).isEqualTo(source.modules());
        assertThat(form.of(source).scale()).isEqualTo(source.scale());
    }

    @ParameterizedTest
    @CsvSource({
        "rank, 0, 8, q_proj",
        "rank, -1, 8, q_proj",
        "alpha, 4, 0, q_proj",
        "alpha, 4, NaN, q_proj",
        "alpha, 4, Infinity, q_proj",
        "alpha, 4, 1e9, q_proj",
        "alpha, 4, 1e-38, q_proj",
        "modules, 4, 8, ''",
        "rank, 65, 8, q_proj",
        "rank, 33, 8, k_proj",
        "modules, 4, 8, gate_proj",
    })
    void of_badForm_throwsNamingTheField(String field, int rank, float alpha, String module) {
        LoraWeights source = LoraFixtures.random(
                LoraFixtures.TINY, 4, 8, List.of(TargetModule.Q_PROJ, TargetModule.K_PROJ), DType.F32, 49);
        Set<TargetModule> modules = module.isEmpty()
                ? Set.of()
                : EnumSet.of(TargetModule.byHfName(module).orElseThrow());
        assertThatThrownBy(() -> new CanonicalForm(rank, alpha, modules, false).of(source))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source()).isEqualTo(CanonicalForm.SOURCE);
                    assertThat(e.field()).isEqualTo(field);
                });
    }

    @ParameterizedTest
    @CsvSource({"0", "-0.1", "1.1", "NaN"})
    void rankFor_noShare_throws(double energy) {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QD, DType.F32, 50);
        assertThatThrownBy(() -> CanonicalForm.rankFor(source, energy)).hasMessageContaining("energy");
    }

    @Test
    void error_ofRoundedValues_isThatOfTheProductsFormedInFull() {
        LoraWeights source = LoraFixtures.random(LoraFixtures.TINY, 4, 8, QD, DType.F32, 51);
        LoraWeights rounded = source.withDtype(DType.BF16);

        LoraError error = LoraError.of(source, rounded);

        for (int t = 0; t < source.tensors().size(); t++) {
            double[] exact = LoraFixtures.delta(source, source.tensors().get(t));
            double[] other = LoraFixtures.delta(rounded, rounded.tensors().get(t));
            double squares = 0;
            for (int i = 0; i < exact.length; i++) {
                squares += (exact[i] - other[i]) * (exact[i] - other[i]);
            }
            assertThat(error.entries().get(t).error()).isCloseTo(Math.sqrt(squares), Percentage.withPercentage(1e-6));
        }
        LoraWeights elsewhere = LoraFixtures.random(LoraFixtures.TINY_TIED, 4, 8, QD, DType.F32, 51);
        assertThatThrownBy(() -> LoraError.of(source, elsewhere)).hasMessageContaining("base shape");
    }

    private static byte[] bytes(LoraWeights weights) {
        try (Arena arena = Arena.ofConfined()) {
            GgmlType type = GgufAdapter.exactType(weights);
            return GgufAdapter.toMemory(weights, type, arena).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        }
    }

    private static double rowProduct(LoraTensor pair, int i, int j) {
        int in = pair.a().length / 8;
        double sum = 0;
        for (int k = 0; k < in; k++) {
            sum += (double) pair.a()[i * in + k] * pair.a()[j * in + k];
        }
        return sum;
    }

    private static double columnProduct(LoraTensor pair, int i, int j) {
        double sum = 0;
        for (int at = 0; at < pair.b().length; at += 8) {
            sum += (double) pair.b()[at + i] * pair.b()[at + j];
        }
        return sum;
    }

    private static float largest(LoraTensor pair, int k) {
        return row(pair, k)[1];
    }

    private static float smallest(LoraTensor pair, int k) {
        return row(pair, k)[0];
    }

    private static float[] row(LoraTensor pair, int k) {
        int in = pair.a().length / 8;
        float[] row = java.util.Arrays.copyOfRange(pair.a(), k * in, (k + 1) * in);
        java.util.Arrays.sort(row);
        return new float[] {row[0], row[in - 1]};
    }
}
