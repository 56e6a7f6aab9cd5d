package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SequenceTableTest {

    @Test
    void place_sameBeginningAsAFinishedOne_copiesIt() {
        // given
        SequenceTable table = new SequenceTable(3, 100, 1);
        run(table, new int[] {1, 2, 3, 4});

        // when
        SequenceTable.Plan plan = table.place(new int[] {1, 2, 9, 9}, 10, true).orElseThrow();

        // then
        assertThat(plan).isEqualTo(new SequenceTable.Plan(1, List.of(), 0, 2));
    }

    @Test
    void place_samePromptAgain_leavesItsLastTokenToCompute() {
        SequenceTable table = new SequenceTable(3, 100, 1);
        run(table, new int[] {1, 2, 3});

        assertThat(table.place(new int[] {1, 2, 3}, 10, true).orElseThrow().reused())
                .isEqualTo(2);
    }

    @Test
    void place_beginningOfARunningOne_isShared() {
        SequenceTable table = new SequenceTable(2, 100, 1);
        table.place(new int[] {1, 2, 3}, 10, true);
        IntStream.of(1, 2).forEach(token -> table.append(0, token));

        SequenceTable.Plan plan = table.place(new int[] {1, 2, 3}, 10, true).orElseThrow();

        assertThat(plan).isEqualTo(new SequenceTable.Plan(1, List.of(), 0, 2));
    }

    @Test
    void place_withoutReuse_startsFromNothing() {
        SequenceTable table = new SequenceTable(3, 100, 1);
        run(table, new int[] {1, 2, 3});

        assertThat(table.place(new int[] {1, 2, 3}, 10, false).orElseThrow().reused())
                .isZero();
    }

    @Test
    void place_noRoomBesideRunningOnes_waits() {
        SequenceTable table = new SequenceTable(4, 20, 1);
        table.place(new int[] {1}, 15, true);

        assertThat(table.place(new int[] {2}, 6, true)).isEmpty();
        assertThat(table.place(new int[] {2}, 5, true)).isPresent();
    }

    @Test
    void place_keptOnesInTheWay_leastRecentlyUsedGoes() {
        // given: both sequences hold something
        SequenceTable table = new SequenceTable(2, 100, 1);
        run(table, new int[] {1, 1, 1});
        run(table, new int[] {2, 2, 2});

        // when, then: the older one goes, though the prompt is like the newer one
        assertThat(table.place(new int[] {2, 2, 5}, 10, true)).contains(new SequenceTable.Plan(0, List.of(0), 1, 2));
    }

    @Test
    void place_onlyTheBestOneLeft_itIsCutAndGoesOn() {
        SequenceTable table = new SequenceTable(1, 100, 1);
        run(table, new int[] {1, 2, 3, 4});

        assertThat(table.place(new int[] {1, 2, 7}, 10, true)).contains(new SequenceTable.Plan(0, List.of(), 0, 2));
    }

    @Test
    void end_longerThanAKeptOne_standsForIt() {
        SequenceTable table = new SequenceTable(4, 100, 1);
        run(table, new int[] {1, 2});
        run(table, new int[] {7, 8, 9});
        SequenceTable.Plan plan = begin(table, new int[] {1, 2, 3});

        assertThat(table.end(plan.sequence())).isEqualTo(new SequenceTable.End(true, List.of(0)));
        assertThat(table.place(new int[] {1, 2, 5}, 10, true).orElseThrow().source())
                .isEqualTo(plan.sequence());
    }

    @Test
    void end_beginsAKeptOne_isNotKeptAndThatOneWasUsed() {
        // given: two kept, the first of them the older one
        SequenceTable table = new SequenceTable(3, 100, 1);
        run(table, new int[] {1, 2, 3});
        run(table, new int[] {7, 8, 9});
        SequenceTable.Plan plan = begin(table, new int[] {1, 2, 3});

        // when
        assertThat(table.end(plan.sequence())).isEqualTo(new SequenceTable.End(false, List.of()));

        // then: its place is free, and the one that stands for it is not the next to go
        begin(table, new int[] {4});
        assertThat(table.place(new int[] {5}, 10, true).orElseThrow().evicted()).containsExactly(1);
    }

    @Test
    void end_shorterThanIsWorthKeeping_isForgotten() {
        SequenceTable table = new SequenceTable(2, 100, 3);

        assertThat(table.end(begin(table, new int[] {1, 2}).sequence()).kept()).isFalse();
        assertThat(table.place(new int[] {1, 2}, 10, true).orElseThrow().reused())
                .isZero();
        assertThat(table.end(begin(table, new int[] {1, 2, 3}).sequence()).kept())
                .isTrue();
    }

    @Test
    void place_randomTraffic_neverPlansMoreThanThereIs() {
        for (long seed = 0; seed < 100; seed++) {
            // given
            Random random = new Random(seed);
            int positions = 40 + random.nextInt(60);
            int sequences = 2 + random.nextInt(5);
            SequenceTable table = new SequenceTable(sequences, positions, 1);
            Map<Integer, int[]> held = new HashMap<>(); // what each sequence really holds
            Map<Integer, Integer> running = new HashMap<>();

            for (int round = 0; round < 200; round++) {
                if (!running.isEmpty() && random.nextBoolean()) {
                    int sequence = running.keySet().iterator().next();
                    SequenceTable.End end = table.end(sequence);
                    end.needless().forEach(held::remove);
                    if (!end.kept()) {
                        held.remove(sequence);
                    }
                    running.remove(sequence);
                    continue;
                }
                int[] prompt = random.ints(1 + random.nextInt(12), 0, 2).toArray();
                int needed = prompt.length + random.nextInt(12);

                // when
                Optional<SequenceTable.Plan> place = table.place(prompt, needed, true);

                // then
                String what = "seed " + seed + ", round " + round;
                int reserved =
                        running.values().stream().mapToInt(Integer::intValue).sum();
                assertThat(place.isPresent())
                        .as(what)
                        .isEqualTo(reserved + needed <= positions && running.size() < sequences);
                if (place.isPresent()) {
                    SequenceTable.Plan plan = place.get();
                    plan.evicted().forEach(held::remove);
                    assertThat(running).as(what).doesNotContainKey(plan.sequence());
                    if (plan.reused() > 0) {
                        assertThat(held.get(plan.source()))
                                .as(what)
                                .startsWith(IntStream.of(prompt)
                                        .limit(plan.reused())
                                        .toArray());
                    }
                    IntStream.range(plan.reused(), prompt.length)
                            .forEach(i -> table.append(plan.sequence(), prompt[i]));
                    held.put(plan.sequence(), prompt);
                    running.put(plan.sequence(), needed);
                    int used = IntStream.range(0, sequences)
                            .map(s -> running.getOrDefault(s, held.getOrDefault(s, new int[0]).length))
                            .sum();
                    assertThat(used).as(what).isLessThanOrEqualTo(positions);
                }
            }
        }
    }

    private static void run(SequenceTable table, int[] prompt) {
        table.end(begin(table, prompt).sequence());
    }

    private static SequenceTable.Plan begin(SequenceTable table, int[] prompt) {
        SequenceTable.Plan plan = table.place(prompt, prompt.length + 4, true).orElseThrow();
        IntStream.range(plan.reused(), prompt.length).forEach(i -> table.append(plan.sequence(), prompt[i]));
        return plan;
    }
}
