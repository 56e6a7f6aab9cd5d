package org.dndllm.cli.nano;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CentroidsTest {
    @Test
    void accuracy_threeOfFourNearestToTheirOwn_isThreeQuarters() {
        Centroids centroids = Centroids.of(new float[][] {{0, 0}, {2, 0}, {9, 9}}, List.of(0, 0, 1));

        assertThat(centroids.means().getFirst()).containsExactly(1, 0);
        assertThat(centroids.accuracy(new float[][] {{1, 1}, {8, 8}, {9, 8}, {0, 1}}, List.of(0, 1, 1, 1)))
                .isEqualTo(0.75);
    }
}
