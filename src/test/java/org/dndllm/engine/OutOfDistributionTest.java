package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutOfDistributionTest {
    private static final int C = 6;
    private static final int DRAW = 16;
    private static final long SEED = 4;

    @TempDir
    Path folder;

    private final Random random = new Random(SEED);

    /** Prompts around {@code centre}; channels vary unequally and hang together. */
    private float[][] prompts(double[] centre, int count) {
        float[][] prompts = new float[count][C];
        for (float[] prompt : prompts) {
            double common = random.nextGaussian();
            for (int c = 0; c < C; c++) {
                prompt[c] = (float) (centre[c] + 0.5 * common + (0.1 + 0.2 * c) * random.nextGaussian());
            }
        }
        return prompts;
    }

    private double[] centre(double spread) {
        return random.doubles(C, -spread, spread).toArray();
    }

    private OutOfDistribution calibrated() {
        List<float[][]> tasks = new ArrayList<>();
        for (int task = 0; task < 12; task++) {
            tasks.add(prompts(centre(1), 60));
        }
        return OodCalibration.of(tasks, DRAW, SEED);
    }

    @Test
    void score_familiarAndStrange_fallsOnEachSideOfTheThreshold() {
        // given
        OutOfDistribution known = calibrated();

        // when, then: unseen tasks of the same family stay below in nearly all cases, strange ones never
        int below = 0;
        for (int i = 0; i < 50; i++) {
            below += known.score(condition(prompts(centre(1), DRAW))).outside() ? 0 : 1;
            assertThat(known.score(condition(prompts(far(), DRAW))).outside()).isTrue();
        }
        assertThat(below).isGreaterThanOrEqualTo(47);
    }

    private double[] far() {
        double[] centre = centre(1);
        centre[random.nextInt(C)] += 8;
        return centre;
    }

    @Test
    void score_promptsOfATrainingTask_aboutOne() {
        // given: one task far from the other, so that the nearest is its own
        List<float[][]> tasks = List.of(prompts(new double[C], 4000), prompts(new double[] {50, 0, 0, 0, 0, 0}, 4000));
        OutOfDistribution known = OodCalibration.of(tasks, DRAW, SEED);

        // then: the mean squared Mahalanobis distance per channel is 1, less what shrinkage takes from small channels
        assertThat(known.score(tasks.get(0), List.of(), -1)).isCloseTo(1, within(0.35));
    }

    @Test
    void write_read_sameScores() {
        OutOfDistribution known = calibrated();
        Path file = folder.resolve(OutOfDistribution.FILE);
        Condition condition = condition(prompts(centre(1), DRAW));

        known.write(file, Map.of("tasks", "a,b"));

        OutOfDistribution read = OutOfDistribution.read(file, C);
        assertThat(read.score(condition)).isEqualTo(known.score(condition));
        assertThat(read.tasks()).isEqualTo(12);
    }

    @Test
    void calibrate_onePromptPerTask_finite() {
        OutOfDistribution known = OodCalibration.of(List.of(prompts(centre(1), 1), prompts(centre(1), 1)), DRAW, SEED);

        assertThat(known.score(condition(prompts(centre(1), 3))).value()).isFinite();
    }

    @ParameterizedTest
    @ValueSource(strings = {"width", "threshold", "negative", "nan", "square", "missing"})
    void read_malformed_refused(String fault) {
        // given
        long width = fault.equals("width") ? C + 1 : C;
        float[] means = new float[(int) (2 * width)];
        if (fault.equals("nan")) {
            means[3] = Float.NaN;
        }
        long rows = fault.equals("square") ? C - 1 : width;
        List<TensorView> tensors = new ArrayList<>();
        tensors.add(TensorView.ofFloats("means", List.of(2L, width), means));
        if (!fault.equals("missing")) {
            tensors.add(TensorView.ofFloats("whitening", List.of(rows, width), new float[(int) (rows * width)]));
        }
        Map<String, String> metadata = switch (fault) {
            case "threshold" -> Map.of();
            case "negative" -> Map.of("threshold", "-1");
            default -> Map.of("threshold", "2.5");
        };
        Path file = folder.resolve("ood.safetensors");
        SafetensorsWriter.write(file, tensors, metadata);

        // then
        assertThatThrownBy(() -> OutOfDistribution.read(file, C))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("ood.safetensors");
    }

    /** A condition of one position per prompt, so that the mean is the state. */
    private static Condition condition(float[][] prompts) {
        float[] states = new float[prompts.length * C];
        boolean[] mask = new boolean[prompts.length];
        int[] counts = new int[prompts.length];
        for (int n = 0; n < prompts.length; n++) {
            System.arraycopy(prompts[n], 0, states, n * C, C);
            mask[n] = true;
            counts[n] = 1;
        }
        return new Condition(prompts.length, 1, C, states, mask, counts);
    }
}
