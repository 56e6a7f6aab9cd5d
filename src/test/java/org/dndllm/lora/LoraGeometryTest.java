package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;
import org.dndllm.lora.LoraAngles.Angles;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Inner products, spans and angles of changes, against NumPy and SciPy (the README beside the data) and by construction. */
class LoraGeometryTest {
    private static final List<TargetModule> TWO = List.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ);
    private static final List<LoraWeights> ADAPTERS =
            List.of(adapter(0, 4, 8, LoraFixtures.ALL), adapter(1, 3, 5, TWO), adapter(2, 2, -3, LoraFixtures.ALL));

    private static JsonValue.Obj golden;

    @BeforeAll
    static void read() throws Exception {
        Path file = Path.of(
                LoraGeometryTest.class.getResource("/lora/numpy-geometry.json").toURI());
        golden = JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
    }

    private static LoraWeights adapter(int n, int rank, float alpha, List<TargetModule> modules) {
        BaseShape shape = LoraFixtures.TINY;
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : modules) {
                int seed = 1000 * n + 2 * (7 * layer + module.ordinal());
                pairs.add(new LoraTensor(
                        layer,
                        module,
                        LoraFixtures.noise(seed, rank * shape.in(module), 0.2, 0.01 * n),
                        LoraFixtures.noise(seed + 1, shape.out(module) * rank, 0.4, -0.02 * n)));
            }
        }
        return LoraWeights.of(shape, rank, alpha, DType.F32, pairs);
    }

    @ParameterizedTest
    @ValueSource(strings = {"total", "q_proj", "v_proj", "down_proj"})
    void products_ofAnyRanks_areNumPys(String which) {
        LoraProducts products = LoraProducts.of(ADAPTERS, ADAPTERS);

        double[][] actual = which.equals("total")
                ? products.total()
                : products.byModule().get(TargetModule.byHfName(which).orElseThrow());
        List<JsonValue.Arr> rows = golden.array(which).arrays();
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 3; column++) {
                double expected = rows.get(row).numbers().get(column);
                double size = Math.sqrt(actual[row][row] * actual[column][column]);
                assertThat(actual[row][column]).isCloseTo(expected, Offset.offset(1e-13 * size));
            }
        }
    }

    @Test
    void products_ofTwoLists_areAPartOfTheWhole() {
        double[][] part =
                LoraProducts.of(ADAPTERS.subList(2, 3), ADAPTERS.subList(0, 2)).total();
        double[][] whole = LoraProducts.of(ADAPTERS, ADAPTERS).total();

        assertThat(part).isEqualTo(new double[][] {{whole[2][0], whole[2][1]}});
    }

    @Test
    void products_withThemselves_areTheSquaredNorms() {
        double[][] products = LoraProducts.of(ADAPTERS, ADAPTERS).total();

        for (int i = 0; i < 3; i++) {
            assertThat(Math.sqrt(products[i][i]))
                    .isCloseTo(LoraNorms.of(ADAPTERS.get(i)).total(), Percentage.withPercentage(1e-10));
        }
    }

    @Test
    void span_ofAnotherAdapter_isNumPysLeastSquares() {
        double[][] all = LoraProducts.of(ADAPTERS, ADAPTERS).total();

        LoraSpan span = LoraSpan.of(
                new double[][] {{all[0][0], all[0][1]}, {all[1][0], all[1][1]}},
                new double[] {all[2][0], all[2][1]},
                all[2][2]);

        List<Double> expected = golden.array("coefficients").numbers();
        assertThat(span.coefficients().get(0)).isCloseTo(expected.get(0), Offset.offset(1e-10));
        assertThat(span.coefficients().get(1)).isCloseTo(expected.get(1), Offset.offset(1e-10));
        assertThat(span.inside()).isCloseTo(golden.number("inside"), Offset.offset(1e-10));
    }

    @Test
    void span_ofAWeightedSum_givesTheWeightsAndHoldsAllOfIt() {
        LoraWeights sum = LoraBlend.of(
                List.of(new LoraBlend.Part(ADAPTERS.get(0), 0.5f), new LoraBlend.Part(ADAPTERS.get(1), -2)));

        LoraSpan span = LoraSpan.of(
                LoraProducts.of(ADAPTERS, ADAPTERS).total(),
                LoraProducts.of(List.of(sum), ADAPTERS).total()[0],
                LoraProducts.of(List.of(sum), List.of(sum)).total()[0][0]);

        assertThat(span.coefficients().get(0)).isCloseTo(0.5, Offset.offset(1e-7)); // factors are joined as floats
        assertThat(span.coefficients().get(1)).isCloseTo(-2, Offset.offset(1e-7));
        assertThat(span.coefficients().get(2)).isCloseTo(0, Offset.offset(1e-7));
        assertThat(span.inside()).isCloseTo(1, Offset.offset(1e-10));
    }

    @Test
    void span_withEqualAndZeroChanges_sharesTheWeight() {
        double[][] gram = {{4, 4, 0}, {4, 4, 0}, {0, 0, 0}};

        LoraSpan span = LoraSpan.of(gram, new double[] {8, 8, 0}, 32);

        assertThat(span.coefficients().get(0)).isCloseTo(1, Offset.offset(1e-12));
        assertThat(span.coefficients().get(1)).isCloseTo(1, Offset.offset(1e-12));
        assertThat(span.coefficients().get(2)).isZero();
        assertThat(span.inside()).isCloseTo(0.5, Offset.offset(1e-12));
    }

    @Test
    void span_ofZero_isNothing() {
        assertThat(LoraSpan.of(new double[][] {{1}}, new double[] {0}, 0).inside())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.q_proj", "1.down_proj"})
    void angles_ofTwoAdapters_areSciPys(String place) {
        int layer = place.charAt(0) - '0';
        TargetModule module = TargetModule.byHfName(place.substring(2)).orElseThrow();

        LoraAngles.Entry entry = LoraAngles.between(ADAPTERS.get(0), ADAPTERS.get(2)).entries().stream()
                .filter(each -> each.name().equals(new ModuleName(layer, module)))
                .findFirst()
                .orElseThrow();

        JsonValue.Obj expected = golden.object("angles").object(place);
        compare(entry.written(), expected.array("written").numbers());
        compare(entry.read(), expected.array("read").numbers());
        assertThat(entry.read().chance()).isEqualTo(4.0 / LoraFixtures.TINY.in(module));
        assertThat(entry.written().chance()).isEqualTo(4.0 / LoraFixtures.TINY.out(module));
    }

    private static void compare(Angles angles, List<Double> expected) {
        assertThat(angles.cosines()).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(angles.cosines().get(i)).isCloseTo(expected.get(i), Offset.offset(1e-12));
        }
    }

    @Test
    void angles_withItself_overlapWholly() {
        for (LoraAngles.Entry entry :
                LoraAngles.between(ADAPTERS.get(0), ADAPTERS.get(0)).entries()) {
            assertThat(entry.written().overlap()).isCloseTo(1, Offset.offset(1e-12));
            assertThat(entry.read().overlap()).isCloseTo(1, Offset.offset(1e-12));
        }
    }

    @Test
    void angles_ofZeroChange_areNone() {
        LoraTensor pair = ADAPTERS.get(0).tensors().getFirst();
        LoraWeights zero = LoraWeights.of(
                LoraFixtures.TINY,
                4,
                8,
                DType.F32,
                List.of(new LoraTensor(pair.layer(), pair.module(), pair.a(), new float[pair.b().length])));

        assertThat(LoraAngles.between(ADAPTERS.get(0), zero).entries()).isEmpty();
    }

    @Test
    void comparisons_acrossBaseShapes_areRefused() {
        LoraWeights tied = LoraFixtures.random(LoraFixtures.TINY_TIED, 4, 8, TWO, DType.F32, 1);

        assertThatThrownBy(() -> LoraProducts.of(ADAPTERS, List.of(tied)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("different base models");
        assertThatThrownBy(() -> LoraAngles.between(tied, ADAPTERS.get(0)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("different base models");
        assertThatThrownBy(() -> LoraProducts.of(List.of(), ADAPTERS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("at least one");
    }
}
