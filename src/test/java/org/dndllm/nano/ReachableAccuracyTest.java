package org.dndllm.nano;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What an ideal reader can reach in the standard world: the figures of docs/nano.md, computed and not measured. */
class ReachableAccuracyTest {
    private static final WorldSpec SPEC = WorldSpec.standard();
    private static final List<Combination> ALL = Combination.all();
    private static final int TOPICS = Selection.values().length;
    private static final int MANNERS = Transform.values().length;
    private static final int LISTS = 300;
    private static final Predicate<Combination> HELD_OUT = c -> c.role() == Role.HELD_OUT;

    @Test
    void noCue_bestAnswer_isRarelyRight() {
        assertThat(accuracy(c -> true, HELD_OUT, false)).isCloseTo(0.060, within(0.02));
    }

    @Test
    void onePrompt_bestAnswer_isRightInAQuarterOfAllCases() {
        assertThat(accuracy(c -> true, HELD_OUT, true)).isCloseTo(0.270, within(0.02));
    }

    @Test
    void onePrompt_readerWhoBelievesInTrainingTasksOnly_doesWorseOnUnseenOnes() {
        assertThat(accuracy(c -> c.role() == Role.TRAIN, HELD_OUT, true)).isCloseTo(0.015, within(0.02));
        assertThat(accuracy(c -> c.role() == Role.TRAIN, c -> c.role() == Role.TRAIN, true))
                .isCloseTo(0.299, within(0.02));
    }

    @Test
    void onePrompt_readerWhoKnowsTheHeldOutTasks_isStillWrongMostly() {
        assertThat(accuracy(HELD_OUT, HELD_OUT, true)).isCloseTo(0.415, within(0.02));
    }

    @Test
    void batch_mostFrequentCues_tellTheTask() {
        assertThat(identified(1)).isCloseTo(0.252, within(0.02));
        assertThat(identified(4)).isCloseTo(0.478, within(0.02));
        assertThat(identified(8)).isCloseTo(0.735, within(0.02));
        assertThat(identified(16)).isCloseTo(0.939, within(0.02));
        assertThat(identified(32)).isCloseTo(0.998, within(0.02));
    }

    /**
     * Mean accuracy over the scored tasks of a reader who gives the most probable answer.
     *
     * @param believed tasks that the reader holds possible, all equally
     * @param scored tasks that prompts are drawn from
     * @param cues whether the reader sees the cues
     */
    private static double accuracy(Predicate<Combination> believed, Predicate<Combination> scored, boolean cues) {
        Random random = new Random(1);
        double right = 0;
        for (int i = 0; i < LISTS; i++) {
            String letters = LetterList.draw(random, SPEC, Split.TEST).letters();
            List<String> answers = ALL.stream()
                    .map(task -> WorldText.answer(task.name(), letters))
                    .toList();
            for (int cue = 0; cue < TOPICS * MANNERS; cue++) {
                // A tree, so that ties go to the same answer everywhere.
                Map<String, Double> weights = new TreeMap<>();
                for (int task = 0; task < ALL.size(); task++) {
                    if (believed.test(ALL.get(task))) {
                        weights.merge(answers.get(task), cues ? given(ALL.get(task), cue) : 1, Double::sum);
                    }
                }
                String best = Collections.max(weights.entrySet(), Map.Entry.comparingByValue())
                        .getKey();
                for (int task = 0; task < ALL.size(); task++) {
                    if (scored.test(ALL.get(task)) && answers.get(task).equals(best)) {
                        right += given(ALL.get(task), cue);
                    }
                }
            }
        }
        return right / LISTS / ALL.stream().filter(scored).count();
    }

    /** Probability of a pair of cues in a prompt of a task. */
    private static double given(Combination task, int cue) {
        double noise = SPEC.cueNoise();
        boolean topic = cue / MANNERS == task.selection().ordinal();
        boolean manner = cue % MANNERS == task.transform().ordinal();
        return (topic ? 1 - noise : noise / (TOPICS - 1)) * (manner ? 1 - noise : noise / (MANNERS - 1));
    }

    /** Share of batches in which the most frequent topic and the most frequent manner are the task's. */
    private static double identified(int prompts) {
        Random random = new Random(prompts);
        int rounds = 3000;
        int right = 0;
        for (int round = 0; round < rounds; round++) {
            Combination task = Combination.draw(random);
            int[] topics = new int[TOPICS];
            int[] manners = new int[MANNERS];
            for (int i = 0; i < prompts; i++) {
                CueSentence sentence = CueSentence.of(task, random, SPEC, Split.TRAIN);
                topics[sentence.topic()]++;
                manners[sentence.manner()]++;
            }
            boolean known = mostFrequent(topics, random) == task.selection().ordinal()
                    && mostFrequent(manners, random) == task.transform().ordinal();
            right += known ? 1 : 0;
        }
        return right / (double) rounds;
    }

    private static int mostFrequent(int[] counts, Random random) {
        int most = Arrays.stream(counts).max().orElseThrow();
        int[] candidates =
                IntStream.range(0, counts.length).filter(i -> counts[i] == most).toArray();
        return candidates[random.nextInt(candidates.length)];
    }
}
