package org.dndllm.train.extractor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Small tables against the definitions, computed another way. */
class CooccurrencesTest {
    private static double[][] information(int vocabulary, int first, List<int[]> texts) {
        Cooccurrences counts = new Cooccurrences(vocabulary, first);
        counts.count(texts.iterator());
        return counts.positiveInformation();
    }

    @Test
    void positiveInformation_twoWords_byHand() {
        // counts: 2-3 at distance 1 and 3-4 at distance 1, 2-4 at distance 2: 1, 1, 1/2
        double[][] information = information(5, 2, List.of(new int[] {0, 2, 3, 4, 1}));

        double rare = Math.pow(1.5, 0.75);
        double common = Math.pow(2, 0.75);
        double contexts = 2 * rare + common;
        assertThat(information[2][3]).isCloseTo(Math.log(1 / 1.5 * contexts / common), within(1e-12));
        assertThat(information[3][2]).isCloseTo(Math.log(1 / 2.0 * contexts / rare), within(1e-12));
        assertThat(information[2][4]).isCloseTo(Math.max(0, Math.log(0.5 / 1.5 * contexts / rare)), within(1e-12));
        assertThat(information[2][2]).isZero();
        assertThat(information[0]).containsOnly(0); // a mark
    }

    @Test
    void count_beyondTheWindow_isNotNear() {
        double[][] information = information(9, 0, List.of(new int[] {0, 1, 2, 3, 4, 5, 6}));

        assertThat(information[0][5]).isGreaterThanOrEqualTo(0);
        assertThat(information[0][6]).isZero();
        assertThat(information[0][1]).isPositive();
    }

    /** With all directions kept, T with rows u sqrt(s) has (T T')(T T')' = M M' for every M. */
    @Test
    void vectors_fullWidth_keepAllProductsOfRows() {
        int size = 7;
        Random random = new Random(3);
        double[][] matrix = new double[size][size];
        for (double[] row : matrix) {
            for (int i = 0; i < size; i++) {
                row[i] = Math.max(0, random.nextGaussian());
            }
        }
        double[][] expected = products(matrix);

        float[] table = StaticVectors.vectors(matrix, size);

        double[][] vectors = new double[size][size];
        for (int i = 0; i < size * size; i++) {
            vectors[i / size][i % size] = table[i];
        }
        double[][] found = products(products(vectors));
        for (int i = 0; i < size; i++) {
            for (int j = 0; j < size; j++) {
                assertThat(found[i][j]).isCloseTo(expected[i][j], within(1e-5));
            }
        }
    }

    /** M M'. */
    private static double[][] products(double[][] rows) {
        double[][] products = new double[rows.length][rows.length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows.length; j++) {
                for (int k = 0; k < rows[i].length; k++) {
                    products[i][j] += rows[i][k] * rows[j][k];
                }
            }
        }
        return products;
    }
}
