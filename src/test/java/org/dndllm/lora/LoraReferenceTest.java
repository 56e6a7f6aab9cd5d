package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.assertj.core.data.Percentage;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Singular values, truncation errors, canonical pairs and blends against NumPy and PEFT; see the README beside the data. */
class LoraReferenceTest {
    private static final BaseShape PEFT_SHAPE =
            BaseShape.fromConfigJson(resource("peft-tiny").resolve("config.json"));

    private static Path resource(String name) {
        try {
            return Path.of(LoraReferenceTest.class.getResource("/lora/" + name).toURI());
        } catch (java.net.URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** One change that NumPy decomposed. */
    private record Golden(LoraWeights weights, JsonValue.Obj expected) {
        @Override
        public String toString() {
            return expected.string("module") + " rank " + expected.int32("rank") + " to "
                    + expected.int32("target_rank");
        }

        CanonicalForm form(int rank) {
            return new CanonicalForm(rank, (float) expected.number("target_alpha"), weights.modules(), false);
        }
    }

    static Stream<Golden> goldens() throws Exception {
        Path file = resource("numpy-svd.json");
        List<JsonValue.Obj> cases = JsonValue.parse(Files.readAllBytes(file), file.toString())
                .asObject(file.toString())
                .array("cases")
                .objects();
        return java.util.stream.IntStream.range(0, cases.size()).mapToObj(c -> golden(c, cases.get(c)));
    }

    private static Golden golden(int c, JsonValue.Obj json) {
        TargetModule module = TargetModule.byHfName(json.string("module")).orElseThrow();
        int rank = json.int32("rank");
        int in = LoraFixtures.TINY.in(module);
        float[] a = LoraFixtures.noise(2 * c, rank * in, 0.2, 0.01 * c);
        float[] b = LoraFixtures.noise(2 * c + 1, LoraFixtures.TINY.out(module) * rank, 0.4, -0.02 * c);
        if (module == TargetModule.DOWN_PROJ) {
            System.arraycopy(a, 0, a, 5 * in, in); // rank 5 in truth
        }
        LoraTensor pair = new LoraTensor(0, module, a, b);
        return new Golden(
                LoraWeights.of(LoraFixtures.TINY, rank, (float) json.number("alpha"), DType.F32, List.of(pair)), json);
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void singularValues_ofAnyPair_areNumPys(Golden golden) {
        LoraWeights weights = golden.weights();
        LoraTensor pair = weights.tensors().getFirst();

        double[] values = new DeltaFactors(LoraFixtures.TINY, pair.module())
                .plus(pair, (double) weights.alpha() / weights.rank())
                .values();

        List<Double> expected = golden.expected().array("values").numbers();
        assertThat(values).hasSize(expected.size());
        for (int k = 0; k < values.length; k++) {
            // both work in double: errors are a few roundings of the largest value
            assertThat(values[k]).isCloseTo(expected.get(k), Offset.offset(1e-14 * expected.getFirst()));
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void form_everyRank_leavesOutWhatNumPyLeavesOut(Golden golden) {
        List<Double> expected = golden.expected().array("relative_errors").numbers();
        for (int rank = 1; rank <= expected.size(); rank++) {
            LoraError error = LoraError.of(golden.weights(), golden.form(rank).of(golden.weights()));
            assertThat(error.total().norm())
                    .isCloseTo(golden.expected().number("norm"), Percentage.withPercentage(1e-10));
            // stored values are rounded to floats, which adds some 1e-8 at right angles
            assertThat(error.total().relative()).isCloseTo(expected.get(rank - 1), Offset.offset(1e-8));
        }
    }

    @ParameterizedTest
    @MethodSource("goldens")
    void form_ofAnyPair_isTheCanonicalOne(Golden golden) {
        int rank = golden.expected().int32("target_rank");

        LoraTensor pair = golden.form(rank).of(golden.weights()).tensors().getFirst();

        int in = LoraFixtures.TINY.in(pair.module());
        List<JsonValue.Arr> rowsOfA = golden.expected().array("a_columns").arrays();
        List<JsonValue.Arr> columnsOfB = golden.expected().array("b_rows").arrays();
        assertThat(rowsOfA).hasSizeLessThanOrEqualTo(rank);
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < 3; i++) {
                double a = k < rowsOfA.size() ? rowsOfA.get(k).numbers().get(i) : 0;
                double b = k < rowsOfA.size() ? columnsOfB.get(k).numbers().get(i) : 0;
                assertThat(pair.a()[k * in + i]).isCloseTo((float) a, Offset.offset(1e-7f));
                assertThat(pair.b()[i * rank + k]).isCloseTo((float) b, Offset.offset(1e-7f));
            }
        }
    }

    @Test
    void blend_asPeftConcatenates_changesTheWeightsAlike() {
        LoraWeights blend = LoraBlend.of(parts());

        assertThat(blend.rank()).isEqualTo(5);
        // PEFT works in floats: its own distance from the sum in double is 3.6e-8
        assertThat(LoraError.of(parts(), blend).total().relative()).isLessThan(6e-8);
        assertThat(LoraError.of(read("peft-tiny-cat"), blend).total().relative())
                .isLessThan(1e-7);
    }

    @Test
    void blend_cutAsPeftDoes_changesTheWeightsAlike() {
        LoraWeights blend = LoraBlend.of(parts());

        LoraWeights cut = CanonicalForm.ofRank(3, blend).of(blend);

        LoraWeights peft = read("peft-tiny-svd");
        assertThat(LoraError.of(parts(), cut).total().relative()).isCloseTo(0.30980747933817, Offset.offset(1e-9));
        assertThat(LoraError.of(parts(), peft).total().relative()).isCloseTo(0.30980747933817, Offset.offset(1e-9));
        // floats again, and singular vectors of neighbouring values amplify their rounding
        assertThat(LoraError.of(peft, cut).total().relative()).isLessThan(1e-5);
    }

    private static List<LoraBlend.Part> parts() {
        return List.of(new LoraBlend.Part(read("peft-tiny"), 0.7f), new LoraBlend.Part(read("peft-tiny-two"), -1.25f));
    }

    private static LoraWeights read(String name) {
        return PeftAdapter.read(resource(name), PEFT_SHAPE);
    }

    @Test
    void modules_ofThePeftAdapters_areThoseOfTheReadme() {
        assertThat(read("peft-tiny-two").modules())
                .isEqualTo(EnumSet.of(TargetModule.Q_PROJ, TargetModule.V_PROJ, TargetModule.DOWN_PROJ));
    }
}
