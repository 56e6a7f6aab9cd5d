package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.dndllm.engine.Nano;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ContextThread;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.SamplerOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Once a departure is told, at most the token in progress is finished, and then the place is free. No clock decides here:
 * the test makes the steps itself, or the departure is told from inside of one.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class DepartedGenerationIT {
    private static final int LONG = 100;
    private static final SchedulerOptions TWO = new SchedulerOptions(
            ContextOptions.DEFAULT.withContextLength(512).withBatch(64).withThreads(1), 2, 2, 8);

    private final SchedulerMetrics metrics = new SchedulerMetrics();
    private LlamaModel model;

    @BeforeEach
    void open() {
        model = LlamaModel.open(Nano.BASE, ModelOptions.CPU);
    }

    @AfterEach
    void close() {
        model.close();
    }

    @Test
    void step_oneOfTwoHasLeft_onlyTheOtherGetsATokenAndThePlaceIsFree() throws InterruptedException {
        LlamaContext context = model.newContext(TWO.contextOptions());
        ContextLease lease = new ContextLease(context, TWO, metrics);
        PrefillBudget budget = new PrefillBudget();
        Generation doomed = new Generation(endless(40));
        Generation other = new Generation(endless(50));
        assertThat(lease.admit(doomed, 1)).isTrue();
        assertThat(lease.admit(other, 2)).isTrue();
        for (int i = 0; i < 5; i++) { // two steps read the prompts
            lease.step(budget, false);
        }
        long before = metrics.generatedTokens.sum();
        assertThat(lease.admit(new Generation(endless(30)), 3))
                .as("both places are taken")
                .isFalse();

        // when
        doomed.cancel();
        lease.step(budget, false);

        // then
        assertThat(metrics.generatedTokens.sum()).isEqualTo(before + 1);
        GenerationEvent.Finished end = Answer.of(doomed).end();
        assertThat(end.reason()).isEqualTo(GenerationEvent.Reason.CANCELLED);
        assertThat(end.tokens()).isBetween(1, (int) before - 1);
        assertThat(held(context)).as("sequences in the KV cache").isEqualTo(1);
        assertThat(lease.admit(new Generation(endless(30)), 4)).isTrue();

        lease.failLanes(new IllegalStateException("the test is over"));
        lease.close();
    }

    @Test
    void step_leftWithinALongPrompt_theRestIsNotRead() {
        LlamaContext context = model.newContext(TWO.contextOptions());
        ContextLease lease = new ContextLease(context, TWO, metrics);
        PrefillBudget budget = new PrefillBudget();
        Generation doomed = new Generation(endless(300));
        assertThat(lease.admit(doomed, 1)).isTrue();
        lease.step(budget, false);
        assertThat(metrics.promptTokens.sum()).isEqualTo(64);

        doomed.cancel();
        lease.step(budget, false);

        assertThat(metrics.promptTokens.sum()).isEqualTo(64);
        assertThat(metrics.generatedTokens.sum()).isZero();
        assertThat(lease.isIdle()).isTrue();
        assertThat(held(context)).isZero();
        lease.close();
    }

    /**
     * The one that leaves is told so when another one ends, which is while the batch of both is worked off: its token of
     * this batch may still come, as it does where it stands behind the other one.
     */
    @ParameterizedTest
    @CsvSource({"true, 0", "false, 1"})
    void run_leftWhileItsBatchIsComputed_atMostThatTokenIsFinished(boolean first, int more)
            throws InterruptedException {
        AtomicLong told = new AtomicLong();
        Generation doomed = new Generation(endless(20));
        Generation other = new Generation(request(21, 4));
        other.ended().thenRun(() -> {
            told.set(metrics.generatedTokens.sum());
            doomed.cancel();
        });

        run(first ? List.of(doomed, other) : List.of(other, doomed));

        assertThat(metrics.generatedTokens.sum()).isEqualTo(told.get() + more);
        GenerationEvent.Finished end = Answer.of(doomed).end();
        assertThat(end.reason()).isEqualTo(GenerationEvent.Reason.CANCELLED);
        assertThat(end.tokens()).isPositive();
    }

    /** One token for many, as an evaluation has it: those that run and those that still wait. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void run_oneTokenForMany_allOfThemEnd(int count) throws InterruptedException {
        CancelToken cancel = CancelToken.create();
        AtomicLong told = new AtomicLong();
        List<Generation> doomed = IntStream.range(0, count)
                .mapToObj(i -> new Generation(endless(20 + i), cancel))
                .toList();
        Generation other = new Generation(request(19, 4));
        other.ended().thenRun(() -> {
            told.set(metrics.generatedTokens.sum());
            cancel.cancel();
        });
        List<Generation> all = new ArrayList<>(doomed);
        all.addFirst(other);

        run(all);

        assertThat(metrics.generatedTokens.sum()).isBetween(told.get(), told.get() + 1);
        for (Generation each : doomed) {
            assertThat(Answer.of(each).end().reason()).isEqualTo(GenerationEvent.Reason.CANCELLED);
        }
        assertThat(metrics.waiting()).isZero();
        assertThat(metrics.running()).isZero();
    }

    private static GenerationRequest endless(int promptLength) {
        return request(promptLength, LONG);
    }

    /** Hot enough to seldom meet an end mark. */
    private static GenerationRequest request(int promptLength, int maxTokens) {
        int[] prompt = IntStream.range(20, 20 + promptLength).toArray();
        SamplerOptions hot = new SamplerOptions(50f, 0, 1f, 0f, 3, 1f, 0f, 0f, 0, "");
        return new GenerationRequest(AdapterSet.EMPTY, prompt, maxTokens, hot, List.of(), OptionalInt.empty(), false);
    }

    /** The scheduler's loop on this thread, until all have ended. */
    private void run(List<Generation> all) throws InterruptedException {
        BlockingQueue<Runnable> orders = new LinkedBlockingQueue<>();
        try (ContextThread thread = model.newContextThread("test")) {
            SchedulerLoop loop = new SchedulerLoop(new ContextPool(thread, TWO, metrics), orders, metrics);
            CompletableFuture.allOf(all.stream().map(Generation::ended).toArray(CompletableFuture[]::new))
                    .thenRun(() -> orders.add(loop::end));
            metrics.waiting.addAndGet(all.size());
            all.forEach(loop::add);
            loop.run();
        }
    }

    private static long held(LlamaContext context) {
        return IntStream.range(0, context.sequences())
                .filter(sequence -> context.length(sequence) > 0)
                .count();
    }
}
