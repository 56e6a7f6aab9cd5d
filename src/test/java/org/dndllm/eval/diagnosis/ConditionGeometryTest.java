package org.dndllm.eval.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;

class ConditionGeometryTest {
    private static final int WIDTH = 12;

    /** The formula in the README beside the data of {@code org.dndllm.lora}. */
    private static float[] noise(int seed, int n, double spread, double center) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            int x = i + 0x9E3779B9 * (seed + 1);
            x ^= x >>> 16;
            x *= 0x7feb352d;
            x ^= x >>> 15;
            x *= 0x846ca68b;
            x ^= x >>> 16;
            values[i] = (float) (((x >>> 8) * 0x1p-24 - 0.5) * spread + center);
        }
        return values;
    }

    /** Five tasks of unequal size that overlap. */
    private static Map<String, float[][]> golden() {
        int[] counts = {8, 6, 10, 7, 9};
        Map<String, float[][]> tasks = new LinkedHashMap<>();
        for (int t = 0; t < counts.length; t++) {
            float[] centre = noise(500 + t, WIDTH, 0.6, 0.2);
            float[] rows = noise(600 + t, counts[t] * WIDTH, 1, 0);
            float[][] task = new float[counts[t]][WIDTH];
            for (int i = 0; i < rows.length; i++) {
                task[i / WIDTH][i % WIDTH] = rows[i] + centre[i % WIDTH];
            }
            tasks.put("task " + t, task);
        }
        return tasks;
    }

    /** Expected values: NumPy 2.4.6 on the same numbers; the silhouette by scikit-learn 1.9.1 ({@code silhouette_score}). */
    @Test
    void of_overlappingTasks_isWhatNumPyAndScikitLearnSay() {
        ConditionGeometry geometry = ConditionGeometry.of(golden());

        Offset<Double> close = Offset.offset(1e-12);
        assertThat(geometry.prompts()).isEqualTo(40);
        assertThat(geometry.between()).isCloseTo(0.4149084093994816, close);
        assertThat(geometry.within()).isCloseTo(0.9164803364368226, close);
        assertThat(geometry.cosineWithin()).isCloseTo(0.44596580425741783, close);
        assertThat(geometry.cosineBetween()).isCloseTo(0.24316890600579505, close);
        assertThat(geometry.silhouette()).isCloseTo(0.05589447709688672, close);
        assertThat(geometry.promptAccuracy().value()).isEqualTo(26 / 40.0);
        assertThat(geometry.drawAccuracy().value()).isEqualTo(9 / 10.0);
        assertThat(geometry.effectiveRank()).isCloseTo(3.852645550517403, close);
        assertThat(geometry.warnings()).isEmpty();
    }

    /** Tasks along different axes, moved together by {@code shift} along a direction of its own. */
    private static Map<String, float[][]> tasks(double apart, double spread, double shift, long seed) {
        Random random = new Random(seed);
        Map<String, float[][]> tasks = new LinkedHashMap<>();
        for (int t = 0; t < 6; t++) {
            float[][] rows = new float[20][WIDTH];
            for (float[] row : rows) {
                for (int c = 0; c < WIDTH; c++) {
                    double mean = c == t ? apart : c == WIDTH - 1 ? shift : 0;
                    row[c] = (float) (mean + spread * random.nextGaussian());
                }
            }
            tasks.put("task " + t, rows);
        }
        return tasks;
    }

    @Test
    void warnings_tasksApart_none() {
        ConditionGeometry geometry = ConditionGeometry.of(tasks(1, 0.05, 0, 1));

        assertThat(geometry.warnings()).isEmpty();
        assertThat(geometry.silhouette()).isGreaterThan(0.9);
        assertThat(geometry.promptAccuracy().value()).isEqualTo(1);
        assertThat(geometry.explained()).isGreaterThan(0.9);
        assertThat(geometry.effectiveRank()).isBetween(4.9, 5.0);
    }

    @Test
    void warnings_apartBesideAFarCommonShift_collapsedOnly() {
        ConditionGeometry geometry = ConditionGeometry.of(tasks(1, 0.05, 20, 1));

        assertThat(geometry.drawAccuracy().value()).isEqualTo(1);
        assertThat(geometry.warnings()).singleElement().asString().startsWith("collapsed:");
    }

    @Test
    void warnings_noDifferenceOfTasks_indistinguishableOnly() {
        ConditionGeometry geometry = ConditionGeometry.of(tasks(0, 1, 0, 1));

        assertThat(geometry.warnings()).singleElement().asString().startsWith("indistinguishable:");
        assertThat(geometry.silhouette()).isLessThan(0.05);
    }

    @Test
    void warnings_onePoint_both() {
        ConditionGeometry geometry = ConditionGeometry.of(tasks(0, 0, 1, 1));

        assertThat(geometry.warnings()).hasSize(2);
        assertThat(geometry.effectiveRank()).isZero();
        assertThat(geometry.silhouette()).isZero();
        assertThat(geometry.explained()).isZero();
    }

    @Test
    void of_tooLittle_isRefused() {
        Map<String, float[][]> one = new LinkedHashMap<>();
        one.put("only", new float[4][WIDTH]);
        assertThatThrownBy(() -> ConditionGeometry.of(one))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("at least two");

        one.put("short", new float[3][WIDTH]);
        assertThatThrownBy(() -> ConditionGeometry.of(one))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("short")
                .hasMessageContaining("at least four");
    }
}
