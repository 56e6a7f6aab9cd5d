package org.dndllm.eval.likelihood;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogSoftmaxTest {
    @Test
    void of_smallRow_agreesWithFortyDigits() {
        // Python 3.11, decimal with 40 digits: x - ln(sum of e^x)
        float[] row = {1, 2, 3, -4};

        assertLogProbabilities(row, -2.408212401754, -1.408212401754, -0.408212401754, -7.408212401754);
    }

    @Test
    void of_hugeLogits_neitherOverflowsNorVanishes() {
        assertLogProbabilities(new float[] {1e30f, 1e30f}, -Math.log(2), -Math.log(2));
        assertLogProbabilities(new float[] {-1e30f, -1e30f}, -Math.log(2), -Math.log(2));
        assertLogProbabilities(new float[] {0, -200}, 0, -200);
    }

    @Test
    void of_asManyEqualTokensAsQwenHas_isLogOfTheirNumber() {
        float[] row = new float[151_936];
        Arrays.fill(row, -3.7f);

        assertThat(at(row, 77)).isCloseTo(-Math.log(row.length), within(1e-9)); // float sums are off by 1e-4 here
    }

    @Test
    void of_randomRows_agreeWithPlainSums() {
        for (long seed = 1; seed <= 5; seed++) {
            Random random = new Random(seed);
            float[] row = new float[1 + random.nextInt(5000)];
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian() * 20; // the widest reach beyond what is told from nothing
            }
            double sum = 0;
            for (float logit : row) {
                sum += Math.exp(logit);
            }
            assertThat(at(row, 0)).as("seed %d", seed).isCloseTo(row[0] - Math.log(sum), within(1e-9));
        }
    }

    @Test
    void of_bannedToken_isImpossible_theOthersStand() {
        assertLogProbabilities(
                new float[] {0, Float.NEGATIVE_INFINITY, 0}, -Math.log(2), Double.NEGATIVE_INFINITY, -Math.log(2));
    }

    @Test
    void of_notFinite_isNoNumber() {
        assertThat(at(new float[] {0, Float.NaN, 1}, 0)).isNaN();
        assertThat(at(new float[] {0, Float.POSITIVE_INFINITY}, 0)).isNaN();
        assertThat(at(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}, 0))
                .isNaN();
    }

    private static void assertLogProbabilities(float[] row, double... expected) {
        for (int token = 0; token < row.length; token++) {
            if (Double.isInfinite(expected[token])) {
                assertThat(at(row, token)).isEqualTo(expected[token]);
            } else {
                assertThat(at(row, token)).as("token %d", token).isCloseTo(expected[token], within(1e-9));
            }
        }
    }

    private static double at(float[] row, int token) {
        MemorySegment segment = MemorySegment.ofArray(row);
        return LogSoftmax.of(segment).at(segment, token);
    }
}
