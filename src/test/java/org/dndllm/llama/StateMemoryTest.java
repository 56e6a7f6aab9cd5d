package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateMemoryTest {
    private static final long MOST = 10_000;

    @Test
    void take_afterGiveBack_isTheSameMemory() {
        try (StateMemory memory = new StateMemory()) {
            StateMemory.Buffer first = memory.take(1000, MOST);
            memory.giveBack(first);

            assertThat(memory.take(900, MOST)).as("a shorter one").isSameAs(first);
            StateMemory.Buffer second = memory.take(1000, MOST);
            assertThat(second).as("while it is lent").isNotSameAs(first);
            assertThat(memory.bytes()).isEqualTo(first.size() + second.size());
        }
    }

    @Test
    void take_severalIdle_theSmallestThatSufficesAndIsNotFarTooLarge() {
        try (StateMemory memory = new StateMemory()) {
            List<StateMemory.Buffer> buffers = new ArrayList<>();
            for (long bytes : new long[] {3000, 2048, 2500, 4096}) {
                buffers.add(memory.take(bytes, MOST));
            }
            buffers.forEach(memory::giveBack);

            assertThat(memory.take(2400, MOST)).isSameAs(buffers.get(2));
            assertThat(memory.take(500, MOST)).as("none is four times as large").isNotIn(buffers);
        }
    }

    @Test
    void take_nextTurnOfAConversation_fitsIntoTheSameMemory() {
        try (StateMemory memory = new StateMemory()) {
            StateMemory.Buffer buffer = memory.take(4100, MOST); // 5120 bytes
            memory.giveBack(buffer);

            assertThat(memory.take(4500, MOST)).isSameAs(buffer);
        }
    }

    @Test
    void take_randomTraffic_atMostAQuarterMoreThanAllowed() {
        for (long seed = 0; seed < 50; seed++) {
            Random random = new Random(seed);
            try (StateMemory memory = new StateMemory()) {
                List<StateMemory.Buffer> lent = new ArrayList<>();
                List<Long> wanted = new ArrayList<>();
                for (int round = 0; round < 300; round++) {
                    long bytes = 1 + random.nextInt(4000);
                    // as the scheduler does: states together are never larger than the context
                    while (wanted.stream().mapToLong(Long::longValue).sum() + bytes > MOST) {
                        int victim = random.nextInt(lent.size());
                        memory.giveBack(lent.remove(victim));
                        wanted.remove(victim);
                    }
                    lent.add(memory.take(bytes, MOST));
                    wanted.add(bytes);
                    assertThat(lent.getLast().size())
                            .as("seed %d, round %d", seed, round)
                            .isGreaterThanOrEqualTo(bytes);
                    assertThat(memory.bytes())
                            .as("seed %d, round %d", seed, round)
                            .isLessThanOrEqualTo(MOST + MOST / 4);
                    assertThat(lent).as("seed %d, round %d", seed, round).doesNotHaveDuplicates();
                }
            }
        }
    }

    @Test
    void close_whileSomeIsLent_thatGoesWhenItComesBack() {
        StateMemory memory = new StateMemory();
        StateMemory.Buffer lent = memory.take(1000, MOST);
        StateMemory.Buffer idle = memory.take(1000, MOST);
        memory.giveBack(idle);

        memory.close();
        memory.close();

        assertThat(idle.segment().scope().isAlive()).isFalse();
        assertThat(lent.segment().scope().isAlive()).isTrue();
        memory.giveBack(lent);
        assertThat(memory.bytes()).isZero();
        assertThatThrownBy(() -> lent.segment().fill((byte) 1)).isInstanceOf(IllegalStateException.class);
    }
}
