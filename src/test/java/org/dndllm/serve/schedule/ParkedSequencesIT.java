package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.dndllm.engine.Nano;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a lease leaves in its context: no sequence but those that run. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ParkedSequencesIT {
    private static final int[] PROMPT = IntStream.range(20, 60).toArray();
    private static final int TOKENS = 3;

    private LlamaModel model;
    private LlamaContext context;
    private SchedulerMetrics metrics;
    private ContextLease lease;

    @BeforeEach
    void open() {
        model = LlamaModel.open(Nano.BASE, ModelOptions.CPU);
        SchedulerOptions options = new SchedulerOptions(
                ContextOptions.DEFAULT.withContextLength(512).withBatch(64).withThreads(1), 2, 1, 4);
        context = model.newContext(options.contextOptions());
        metrics = new SchedulerMetrics();
        lease = new ContextLease(context, options, metrics);
    }

    @AfterEach
    void close() {
        lease.close();
        model.close();
    }

    @Test
    void step_generationEnds_itsCellsAreFreeAndItsBeginningIsReused() {
        // given, when
        Generation first = run();

        // then
        assertThat(held()).as("positions in the KV cache").isZero();
        Answer one = answer(first);

        // when: the conversation goes on
        Answer again = answer(run());

        // then
        assertThat(again.end().cachedTokens()).isEqualTo(PROMPT.length - 1);
        assertThat(again.text()).isEqualTo(one.text());
        assertThat(held()).isZero();
    }

    @Test
    void step_twoGenerationsOfOneBeginning_bothTakeItFromTheParkedOne() {
        run();
        Generation left = generation();
        Generation right = generation();
        assertThat(lease.admit(left, 1)).isTrue();
        assertThat(lease.admit(right, 1)).isTrue();

        runAll();

        Answer one = answer(left);
        Answer other = answer(right);
        assertThat(one.end().cachedTokens()).isEqualTo(PROMPT.length - 1);
        assertThat(other.end().cachedTokens()).isEqualTo(PROMPT.length - 1);
        assertThat(one.text()).isEqualTo(other.text());
    }

    @Test
    void admit_moreThanTheContextHolds_parkedOnesGiveWay() {
        for (int i = 0; i < 12; i++) {
            int start = 20 + i;
            Generation one = new Generation(GenerationRequest.greedy(
                    AdapterSet.EMPTY, IntStream.range(start, start + 90).toArray(), TOKENS));
            assertThat(lease.admit(one, i)).as("request %d", i).isTrue();
            runAll();
            assertThat(answer(one).end().tokens()).isBetween(0, TOKENS);
        }
    }

    @Test
    void admit_cancelledBeforeItsFirstBatch_leavesNothing() {
        Generation doomed = generation();
        lease.admit(doomed, 1);
        doomed.cancel();

        runAll();

        assertThat(held()).isZero();
        assertThat(answer(run()).end().cachedTokens()).isZero();
    }

    @Test
    void step_shortGenerationEnds_itIsNotWorthParking() {
        for (int i = 0; i < 2; i++) {
            Generation one = new Generation(GenerationRequest.greedy(
                    AdapterSet.EMPTY, Arrays.copyOf(PROMPT, ParkedSequences.SHORTEST - TOKENS), TOKENS));
            assertThat(lease.admit(one, i)).isTrue();

            runAll();

            assertThat(answer(one).end().cachedTokens()).isZero();
            assertThat(held()).isZero();
        }
    }

    private static Generation generation() {
        return new Generation(GenerationRequest.greedy(AdapterSet.EMPTY, PROMPT, TOKENS));
    }

    private Generation run() {
        Generation generation = generation();
        assertThat(lease.admit(generation, 1)).isTrue();
        runAll();
        return generation;
    }

    private void runAll() {
        PrefillBudget budget = new PrefillBudget();
        while (!lease.isIdle()) {
            lease.step(budget, false);
        }
    }

    private int held() {
        return IntStream.range(0, context.sequences()).map(context::length).sum();
    }

    private static Answer answer(Generation generation) {
        try {
            return Answer.of(generation);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
