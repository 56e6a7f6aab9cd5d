package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What would end the process in C is an ordinary exception here, and everything goes on. */
class MisuseIT {
    @TempDir
    Path folder;

    private LlamaModel model;
    private LlamaContext context;

    @BeforeEach
    void open() {
        model = TinyModel.open(folder);
        context = model.newContext(TinyModel.SMALL);
    }

    @AfterEach
    void stillWorks() {
        if (context.name().isEmpty() == false) {
            model.close();
        }
        try (LlamaModel again = LlamaModel.open(folder.resolve("tiny.gguf"), ModelOptions.CPU);
                LlamaContext fresh = again.newContext(TinyModel.SMALL)) {
            fresh.decode(new int[] {1});
            assertThat(fresh.logits()).hasSize(300);
        }
    }

    private static void state(ThrowingCallable call, String text) {
        assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContaining(text);
    }

    private static void input(ThrowingCallable call, String text) {
        assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessageContaining(text);
    }

    @Test
    void closeAdapter_whileAttached_isRefusedNamingTheContext() {
        LoraAdapter adapter = TinyModel.adapter(model, 1, "a");
        context.attach(AdapterSet.of(adapter));
        state(adapter::close, context.name());
        context.decode(new int[] {1});
        context.detach();
        adapter.close();
        adapter.close();
        state(() -> context.attach(AdapterSet.of(adapter)), "closed");
        context.decode(new int[] {1});
    }

    @Test
    void closeContext_withAdapterAttached_releasesIt() {
        LoraAdapter adapter = TinyModel.adapter(model, 1, "a");
        context.attach(AdapterSet.of(adapter));
        context.close();
        adapter.close();
        assertThat(adapter.isClosed()).isTrue();
    }

    @Test
    void close_twiceAndUseAfterwards_isIllegalState() {
        context.close();
        context.close();
        state(() -> context.decode(new int[] {1}), "closed");
        state(() -> context.logits(), "closed");
        state(() -> context.clear(), "closed");
    }

    @Test
    void closeModel_beforeItsChildren_closesThemFirst() {
        LoraAdapter adapter = TinyModel.adapter(model, 1, "a");
        SamplerChain sampler = model.newSampler(SamplerOptions.GREEDY);
        context.attach(AdapterSet.of(adapter));
        model.close();
        model.close();
        state(() -> context.decode(new int[] {1}), "closed");
        state(() -> sampler.sample(context), "");
        state(() -> model.newContext(TinyModel.SMALL), "closed");
        state(() -> model.vocabulary().tokenize("a", false), "closed");
        state(() -> model.vocabulary().piece(1, false), "closed");
        assertThat(adapter.isClosed()).isTrue();
        context.close();
        adapter.close();
        sampler.close();
    }

    @Test
    void attach_adapterOfAnotherModel_isRefused() {
        try (LlamaModel other = LlamaModel.open(folder.resolve("tiny.gguf"), ModelOptions.CPU)) {
            LoraAdapter foreign = TinyModel.adapter(other, 1, "foreign");
            assertThatThrownBy(() -> context.attach(AdapterSet.of(foreign)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("foreign");
        }
    }

    @Test
    void adapterSet_twiceTheSameOrScaleNotFinite_isRefused() {
        LoraAdapter adapter = TinyModel.adapter(model, 1, "a");
        AdapterSet.Entry entry = new AdapterSet.Entry(adapter, 1f);
        assertThatThrownBy(() -> AdapterSet.of(java.util.List.of(entry, entry)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> AdapterSet.of(adapter, Float.NaN)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void loadAdapter_garbageOrNothing_isRefused() {
        input(() -> model.loadAdapter(MemorySegment.ofArray(new byte[100]), "garbage"), "garbage");
        input(() -> model.loadAdapter(MemorySegment.ofArray(new byte[0]), "empty"), "empty");
        input(() -> model.loadAdapter(MemorySegment.NULL, "null"), "null");
        input(() -> model.loadAdapter(folder.resolve("absent.gguf")), "absent.gguf");
        input(() -> model.loadAdapter(folder.resolve("tiny.gguf")), "tiny.gguf");
    }

    @Test
    void decode_badBatches_areRefusedAndChangeNothing() {
        LlamaBatch batch = LlamaBatch.create(64);
        input(() -> context.decode(batch), "empty");
        input(() -> context.decode(new int[0]), "none");
        for (int i = 0; i < 33; i++) {
            batch.add(1, i, 0, false);
        }
        input(() -> context.decode(batch), "33 tokens, at most 32");
        for (int[] bad : new int[][] {{-1, 0, 0}, {300, 0, 0}, {1, 1, 0}, {1, -1, 0}, {1, 0, 1}, {1, 0, -1}}) {
            batch.clear();
            batch.add(bad[0], bad[1], bad[2], true);
            input(() -> context.decode(batch), "");
        }
        batch.clear();
        batch.add(1, 0, 0, true);
        batch.add(1, 1, 0, true);
        input(() -> context.decode(batch), "2 tokens ask for logits, at most 1");
    }

    @Test
    void decode_beyondTheContext_isContextFull() {
        context.decode(new int[200]);
        assertThatThrownBy(() -> context.decode(new int[57]))
                .isInstanceOf(ContextFullException.class)
                .hasMessageContaining("57")
                .hasMessageContaining("56");
        context.decode(new int[56]);
        assertThatThrownBy(() -> context.decodeToken(1)).isInstanceOf(ContextFullException.class);
        context.truncate(0, 10);
        context.decodeToken(1);
        assertThat(context.length(0)).isEqualTo(11);
    }

    @Test
    void outputs_beforeDecodeOrBadIndex_areIllegalState() {
        SamplerChain sampler = model.newSampler(SamplerOptions.of(0.7f, 1));
        state(() -> context.logits(), "no logits");
        state(() -> sampler.sample(context), "no logits");
        state(() -> context.argmax(), "no logits");
        context.decode(new int[] {1, 2, 3});
        state(() -> context.logits(0), "has no logits");
        state(() -> context.logits(99), "has no logits");
        state(() -> context.logits(-1), "has no logits");
        state(() -> sampler.sample(context, 1), "has no logits");
        assertThat(sampler.sample(context)).isBetween(0, 299);
        context.attach(AdapterSet.of(TinyModel.adapter(model, 1, "a")));
        state(() -> sampler.sample(context), "no logits");
    }

    @Test
    void tokens_outOfRange_areRefusedEverywhere() {
        SamplerChain sampler = model.newSampler(SamplerOptions.GREEDY);
        for (int token : new int[] {-1, 300, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            input(() -> model.vocabulary().piece(token, true), "no token");
            input(() -> model.vocabulary().isEndOfGeneration(token), "no token");
            input(() -> sampler.accept(token), "no token");
            input(() -> context.decodeToken(token), "no token");
            input(() -> context.decode(new int[] {token}), "no token");
        }
    }

    @Test
    void grammar_violatedOrMalformed_isRefused() {
        input(() -> model.newSampler(SamplerOptions.GREEDY.withGrammar("root ::= (")), "grammar");
        input(() -> model.newSampler(SamplerOptions.GREEDY.withGrammar("rule ::= \"a\"")), "grammar");
        int[] yes = model.vocabulary().tokenize("a", false);
        int[] no = model.vocabulary().tokenize("z", false);
        SamplerChain sampler = model.newSampler(SamplerOptions.GREEDY.withGrammar("root ::= \"a\""));
        assertThatThrownBy(() -> sampler.accept(no[0])).isInstanceOf(IllegalArgumentException.class);
        context.decode(yes);
        assertThat(sampler.sample(context)).isEqualTo(yes[0]);
        int end = sampler.sample(context);
        assertThat(model.vocabulary().isEndOfGeneration(end)).isTrue();
        state(() -> sampler.sample(context), "finished");
        sampler.reset();
        assertThat(sampler.sample(context)).isEqualTo(yes[0]);
    }

    @Test
    void newContext_absurdSizes_areRefused() {
        input(() -> model.newContext(TinyModel.SMALL.withContextLength(2_000_000_000)), "trained for");
        assertThatThrownBy(() -> model.newContext(new ContextOptions(
                        2_000_000_000, true, 32, 32, 1, 1, 1, false, ContextOptions.FlashAttention.AUTO)))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("MiB");
        input(() -> TinyModel.SMALL.withSequences(257), "sequences");
        input(() -> TinyModel.SMALL.withBatch(0), "batch");
    }

    @Test
    void decode_fromASecondThread_isRefused() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        context.decode(new int[] {1});
        try (var executor = Executors.newSingleThreadExecutor()) {
            Future<?> other = executor.submit(() -> context.withLogits(0, logits -> {
                inside.countDown();
                try {
                    return leave.await(300, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }));
            inside.await();
            state(() -> context.decodeToken(1), "in use by");
            leave.countDown();
            other.get();
        }
        context.decodeToken(1);
    }

    @Test
    void withLogits_segmentAfterwards_isDead() {
        context.decode(new int[] {1});
        MemorySegment leaked = context.withLogits(0, logits -> logits);
        state(() -> leaked.get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 0), "");
        assertThat(context.argmax()).isBetween(0, 299);
    }

    @Test
    void decode_cancelledOrWhileClosing_isUndone() throws Exception {
        CancelToken cancelled = CancelToken.create();
        cancelled.cancel();
        assertThatThrownBy(() -> context.decode(new int[] {1}, 0, cancelled)).isInstanceOf(CancellationException.class);
        assertThat(context.length(0)).isZero();
        context.decode(new int[] {1});
        assertThat(context.length(0)).isEqualTo(1);
    }

    @Test
    void sequences_copyKeepRemove_followTheBook() {
        try (LlamaContext many = model.newContext(TinyModel.SMALL.withSequences(3))) {
            many.decode(new int[] {1, 2, 3});
            float[] expected = many.logits();
            many.truncate(0, 2);
            many.copy(0, 2);
            input(() -> many.copy(0, 2), "remove it first");
            input(() -> many.copy(0, 3), "sequence");
            LlamaBatch batch = LlamaBatch.create(2);
            batch.add(3, 2, 2, true);
            many.decode(batch);
            // 1e-4: another batch shape may sum in another order
            assertThat(many.logits())
                    .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-4 ? 0 : 1)
                    .containsExactly(expected);
            many.keepOnly(2);
            assertThat(many.length(0)).isZero();
            assertThat(many.length(2)).isEqualTo(3);
            many.remove(2);
            assertThat(many.length(2)).isZero();
        }
    }
}
