package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DataOrderTest {
    @Test
    void at_everyPass_holdsEveryExampleOnce() {
        DataOrder order = new DataOrder(10, 1);
        for (int pass = 0; pass < 5; pass++) {
            Set<Integer> seen = new HashSet<>();
            for (int i = 0; i < 10; i++) {
                seen.add(order.at(pass * 10L + i));
            }
            assertThat(seen).as("pass %d", pass).hasSize(10);
        }
    }

    @Test
    void at_anyPositionFirst_isAFunctionOfSeedAndPosition() {
        DataOrder forward = new DataOrder(7, 3);
        DataOrder jumping = new DataOrder(7, 3);
        int[] seen = new int[100];
        for (int i = 0; i < 100; i++) {
            seen[i] = forward.at(i);
        }
        for (int i : new int[] {99, 0, 57, 13, 98}) {
            assertThat(jumping.at(i)).isEqualTo(seen[i]);
        }
    }

    @Test
    void at_passesAndSeeds_differ() {
        DataOrder order = new DataOrder(50, 1);
        DataOrder other = new DataOrder(50, 2);
        int samePass = 0;
        int sameSeed = 0;
        for (int i = 0; i < 50; i++) {
            int here = order.at(i);
            samePass += here == order.at(50 + i) ? 1 : 0;
            sameSeed += here == other.at(i) ? 1 : 0;
        }
        assertThat(samePass).isLessThan(10);
        assertThat(sameSeed).isLessThan(10);
    }
}
