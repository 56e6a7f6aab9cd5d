package org.dndllm.serve.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Nano;
import org.dndllm.engine.PromptReader;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.SamplerOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scheduler's contract on the nano base. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class SchedulerIT {
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withBatch(64).withThreads(1);
    private static final int TOKENS = 10;

    private static LlamaModel model;
    private static List<AdapterSet> sets; // base, two adapters, a blend
    private static List<int[]> prompts;

    @BeforeAll
    static void open() {
        model = LlamaModel.open(Nano.BASE, ModelOptions.CPU);
        LoraAdapter first = load("first-upper");
        LoraAdapter last = load("last-doubled");
        sets = List.of(
                AdapterSet.EMPTY,
                AdapterSet.of(first),
                AdapterSet.of(last),
                AdapterSet.of(List.of(new AdapterSet.Entry(first, 0.5f), new AdapterSet.Entry(last, 0.5f))));
        prompts = PromptReader.read(Nano.SET.resolve("tasks/first-upper_train.json")).prompts().subList(0, 12).stream()
                .map(SchedulerIT::tokens)
                .toList();
    }

    @AfterAll
    static void close() {
        model.close();
    }

    /** With fewer contexts than sets they change hands all the time; with enough of them beginnings are reused. */
    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void submit_manySetsAtOnce_answersAreThoseOfEachSetAlone(int contexts) throws InterruptedException {
        try (Scheduler scheduler = start(4, contexts);
                LlamaContext alone = model.newContext(CONTEXT)) {
            // given: more requests than lanes
            List<Generation> running = new ArrayList<>();
            for (int[] prompt : prompts) {
                for (AdapterSet set : sets) {
                    running.add(scheduler.submit(scored(set, prompt)));
                }
            }

            // then
            for (Generation generation : running) {
                Answer answer = Answer.of(generation);
                requireSameAsAlone(alone, generation.request(), answer);
            }
            assertThat(scheduler.metrics().waiting()).isZero();
            assertThat(scheduler.metrics().running()).isZero();
            assertThat(scheduler.metrics().contexts()).isEqualTo(contexts);
            assertThat(scheduler.metrics().cachedTokens() > 0).isEqualTo(contexts == 4);
        }
    }

    @Test
    void submit_sameSetOverAndOver_reusesTheBeginning() throws InterruptedException {
        try (Scheduler scheduler = start(2, 1)) {
            GenerationRequest request = GenerationRequest.greedy(sets.get(1), prompts.getFirst(), 4);

            Answer first = Answer.of(scheduler.submit(request));
            Answer again = Answer.of(scheduler.submit(request));
            Answer other = Answer.of(scheduler.submit(GenerationRequest.greedy(sets.get(2), prompts.getFirst(), 4)));

            assertThat(first.end().cachedTokens()).isZero();
            assertThat(again.end().cachedTokens()).isEqualTo(prompts.getFirst().length - 1);
            assertThat(other.end().cachedTokens())
                    .as("another set's KV is never reused")
                    .isZero();
        }
    }

    @Test
    void submit_setsOfManyContextsNeeded_nobodyStarves() throws InterruptedException {
        // given: one context, and a set that keeps asking
        try (Scheduler scheduler = start(2, 1)) {
            List<Generation> greedy = IntStream.range(0, 20)
                    .mapToObj(i -> scheduler.submit(
                            GenerationRequest.greedy(sets.get(1), prompts.get(i % prompts.size()), 60)))
                    .toList();
            List<Generation> ends = Collections.synchronizedList(new ArrayList<>()); // in order, by the loop's thread
            Generation other = scheduler.submit(GenerationRequest.greedy(sets.get(2), prompts.getFirst(), 2));
            other.ended().thenRun(() -> ends.add(other));

            // when
            List<Generation> later = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                Generation one =
                        scheduler.submit(GenerationRequest.greedy(sets.get(1), prompts.get(i % prompts.size()), 60));
                one.ended().thenRun(() -> ends.add(one));
                later.add(one);
            }
            for (Generation generation :
                    Stream.concat(greedy.stream(), later.stream()).toList()) {
                Answer.of(generation);
            }

            // then: those that came before may have run before it, those behind it may not
            assertThat(ends.getFirst()).isSameAs(other);
        }
    }

    @Test
    void step_twoSets_takeTurns() throws InterruptedException {
        try (Scheduler scheduler = start(1, 2)) {
            Generation one = scheduler.submit(endless(sets.get(1)));
            Generation two = scheduler.submit(endless(sets.get(2)));

            // when: both have come far
            int[] tokens = new int[2];
            while (tokens[0] + tokens[1] < 200) {
                tokens[0] += count(one);
                tokens[1] += count(two);
            }
            one.cancel();
            two.cancel();

            // then: tokens that wait in the queues are counted with the end
            tokens[0] = Answer.of(one).end().tokens();
            tokens[1] = Answer.of(two).end().tokens();
            assertThat(tokens[0]).isCloseTo(tokens[1], within(Math.max(tokens[0], tokens[1]) / 4));
        }
    }

    @Test
    void cancel_running_stopsAndOthersGoOn() throws InterruptedException {
        try (Scheduler scheduler = start(2, 1)) {
            Generation doomed = scheduler.submit(endless(AdapterSet.EMPTY));
            Generation other = scheduler.submit(GenerationRequest.greedy(AdapterSet.EMPTY, prompts.get(1), TOKENS));
            doomed.take();

            doomed.cancel();

            assertThat(Answer.of(doomed).end().reason()).isEqualTo(GenerationEvent.Reason.CANCELLED);
            assertThat(Answer.of(other).end().reason()).isNotEqualTo(GenerationEvent.Reason.CANCELLED);
            assertThat(scheduler.metrics().running()).isZero();
        }
    }

    @Test
    void remind_nothingHappens_takerIsWokenAndLosesNoEvent() throws InterruptedException {
        try (Scheduler scheduler = start(1, 1)) {
            Generation running = scheduler.submit(endless(AdapterSet.EMPTY));
            Generation waiting = scheduler.submit(GenerationRequest.greedy(AdapterSet.EMPTY, prompts.get(1), 2));

            waiting.remind();

            assertThat(waiting.takeOrReminder()).isEmpty();
            waiting.remind();
            running.cancel();
            assertThat(Answer.of(waiting).end().tokens()).isPositive();
        }
    }

    @Test
    void cancel_waiting_neverRuns() throws InterruptedException {
        try (Scheduler scheduler = start(1, 1)) {
            Generation first = scheduler.submit(endless(AdapterSet.EMPTY));
            Generation second = scheduler.submit(endless(AdapterSet.EMPTY));

            second.cancel();

            assertThat(Answer.of(second).end().tokens()).isZero();
            first.cancel();
            Answer.of(first);
        }
    }

    @Test
    void submit_queueFull_refusedAndNothingLost() throws InterruptedException {
        try (Scheduler scheduler = Scheduler.start(model, new SchedulerOptions(CONTEXT, 1, 1, 2))) {
            Generation running = scheduler.submit(endless(AdapterSet.EMPTY));
            running.take();
            List<Generation> waiting =
                    List.of(scheduler.submit(endless(AdapterSet.EMPTY)), scheduler.submit(endless(AdapterSet.EMPTY)));

            assertThatThrownBy(() -> scheduler.submit(endless(AdapterSet.EMPTY)))
                    .isInstanceOf(QueueFullException.class);

            running.cancel();
            waiting.forEach(Generation::cancel);
            for (Generation generation : waiting) {
                assertThat(Answer.of(generation).end().reason()).isEqualTo(GenerationEvent.Reason.CANCELLED);
            }
        }
    }

    @Test
    void submit_longerThanAContext_refused() {
        try (Scheduler scheduler = start(1, 1)) {
            assertThatThrownBy(() -> scheduler.submit(GenerationRequest.greedy(AdapterSet.EMPTY, new int[500], 13)))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("512");
        }
    }

    @Test
    void submit_stopText_endsBeforeIt() throws InterruptedException {
        try (Scheduler scheduler = start(1, 1)) {
            // given: a text in the middle of an answer, over several tokens
            String whole =
                    Answer.of(scheduler.submit(endless(AdapterSet.EMPTY, 24))).text();
            String stop = whole.substring(5, 9);

            // when
            Answer answer = Answer.of(scheduler.submit(with(List.of("never", stop), SamplerOptions.GREEDY, 24)));

            // then
            assertThat(answer.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(answer.end().reason()).isEqualTo(GenerationEvent.Reason.STOP);
        }
    }

    @Test
    void submit_seed_sameTokensAgain() throws InterruptedException {
        try (Scheduler scheduler = start(1, 1)) {
            String one =
                    Answer.of(scheduler.submit(with(List.of(), warm(7), 24))).text();
            String same =
                    Answer.of(scheduler.submit(with(List.of(), warm(7), 24))).text();
            String other =
                    Answer.of(scheduler.submit(with(List.of(), warm(8), 24))).text();

            assertThat(same).isEqualTo(one);
            assertThat(other).isNotEqualTo(one);
        }
    }

    private static SamplerOptions warm(int seed) {
        return new SamplerOptions(1.5f, 0, 1f, 0f, seed, 1f, 0f, 0f, 0, "");
    }

    @Test
    void submit_logprobs_areThoseOfTheContextAlone() throws InterruptedException {
        try (Scheduler scheduler = start(1, 1);
                LlamaContext alone = model.newContext(CONTEXT)) {
            // given
            int[] prompt = prompts.getFirst();
            GenerationRequest request = new GenerationRequest(
                    sets.get(1), prompt, 3, SamplerOptions.GREEDY, List.of(), OptionalInt.of(2), true);

            // when
            Answer answer = Answer.of(scheduler.submit(request));

            // then: the answer's first token
            alone.attach(sets.get(1));
            alone.decode(prompt);
            TokenLogprob first = answer.logprobs().getFirst();
            assertThat(first.token()).isEqualTo(alone.argmax());
            assertThat(first.logprob()).isCloseTo(logprob(alone.logits(), first.token()), within(0.02));
            assertThat(first.alternatives()).hasSize(2);
            assertThat(first.alternatives().getFirst().token()).isEqualTo(first.token());
            // and every token of the prompt but the first
            assertThat(answer.promptLogprobs())
                    .extracting(TokenLogprob::token)
                    .containsExactlyElementsOf(
                            IntStream.of(prompt).skip(1).boxed().toList());
            alone.clear();
            for (int i = 0; i + 1 < prompt.length; i++) {
                alone.decodeToken(prompt[i]);
                assertThat(answer.promptLogprobs().get(i).logprob())
                        .as("prompt token %d", i + 1)
                        .isCloseTo(logprob(alone.logits(), prompt[i + 1]), within(0.02));
            }
        }
    }

    @Test
    void release_afterTheLastGeneration_adapterCanBeClosed() throws InterruptedException {
        try (Scheduler scheduler = start(2, 2)) {
            LoraAdapter adapter = load("second-same");
            Answer.of(scheduler.submit(GenerationRequest.greedy(AdapterSet.of(adapter), prompts.getFirst(), 2)));
            assertThatThrownBy(adapter::close).isInstanceOf(IllegalStateException.class);

            scheduler.release(adapter).orTimeout(300, TimeUnit.SECONDS).join();

            adapter.close();
            Answer answer = Answer.of(scheduler.submit(GenerationRequest.greedy(sets.get(1), prompts.getFirst(), 2)));
            assertThat(answer.end().tokens()).isPositive();
        }
    }

    @Test
    void submit_adapterClosed_onlyThatRequestFails() throws InterruptedException {
        try (Scheduler scheduler = start(2, 2)) {
            LoraAdapter adapter = load("second-same");
            adapter.close();

            Generation generation =
                    scheduler.submit(GenerationRequest.greedy(AdapterSet.of(adapter), prompts.getFirst(), 2));

            assertThat(generation.take()).isInstanceOf(GenerationEvent.Failed.class);
            Answer.of(scheduler.submit(GenerationRequest.greedy(AdapterSet.EMPTY, prompts.getFirst(), 2)));
        }
    }

    @Test
    void close_whileRunning_everythingEndsWithAnError() throws InterruptedException {
        Scheduler scheduler = start(1, 1);
        Generation running = scheduler.submit(endless(AdapterSet.EMPTY));
        Generation waiting = scheduler.submit(endless(AdapterSet.EMPTY));

        scheduler.close();
        scheduler.close();

        assertThat(last(running)).isInstanceOf(GenerationEvent.Failed.class);
        assertThat(last(waiting)).isInstanceOf(GenerationEvent.Failed.class);
        assertThatThrownBy(() -> scheduler.submit(endless(AdapterSet.EMPTY))).isInstanceOf(IllegalStateException.class);
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    private static Scheduler start(int parallel, int contexts) {
        return Scheduler.start(model, new SchedulerOptions(CONTEXT, parallel, contexts, 100));
    }

    private static LoraAdapter load(String name) {
        Path folder = Nano.SET.resolve("adapters").resolve(name);
        LoraWeights weights = PeftAdapter.read(folder, model.shape());
        try (Arena arena = Arena.ofShared()) {
            return model.loadAdapter(GgufAdapter.toMemory(weights, GgufAdapter.exactType(weights), arena), name);
        }
    }

    private static int[] tokens(String question) {
        return ChatTemplate.tokens(model.vocabulary(), List.of(ChatMessage.user(question)), true);
    }

    private static GenerationRequest scored(AdapterSet set, int[] prompt) {
        return new GenerationRequest(set, prompt, TOKENS, SamplerOptions.GREEDY, List.of(), OptionalInt.of(0), false);
    }

    /** Hot enough to seldom meet an end mark. */
    private static GenerationRequest endless(AdapterSet set) {
        return endless(set, 400);
    }

    private static GenerationRequest endless(AdapterSet set, int maxTokens) {
        SamplerOptions hot = new SamplerOptions(50f, 0, 1f, 0f, 3, 1f, 0f, 0f, 0, "");
        return new GenerationRequest(set, prompts.getFirst(), maxTokens, hot, List.of(), OptionalInt.empty(), false);
    }

    private static GenerationRequest with(List<String> stops, SamplerOptions sampling, int maxTokens) {
        SamplerOptions hot = sampling.isGreedy() ? new SamplerOptions(50f, 0, 1f, 0f, 3, 1f, 0f, 0f, 0, "") : sampling;
        return new GenerationRequest(
                AdapterSet.EMPTY, prompts.getFirst(), maxTokens, hot, stops, OptionalInt.empty(), false);
    }

    private static int count(Generation generation) throws InterruptedException {
        return generation.poll(Duration.ofSeconds(300)).orElseThrow() instanceof GenerationEvent.Piece ? 1 : 0;
    }

    private static GenerationEvent last(Generation generation) throws InterruptedException {
        GenerationEvent event = generation.take();
        while (!(event instanceof GenerationEvent.Finished) && !(event instanceof GenerationEvent.Failed)) {
            event = generation.take();
        }
        return event;
    }

    private static double logprob(float[] logits, int token) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[token]);
        }
        return -Math.log(sum);
    }

    /** As alone up to the first token at which two are as good as each other; see GreedyDecoderIT. */
    private static void requireSameAsAlone(LlamaContext alone, GenerationRequest request, Answer answer) {
        alone.attach(request.adapters());
        alone.clear();
        alone.decode(request.prompt());
        int[] given = answer.tokens();
        for (int i = 0; i < TOKENS; i++) {
            float[] logits = alone.logits();
            int best = alone.argmax();
            boolean ends = model.vocabulary().isEndOfGeneration(best);
            if (i == given.length ? ends : given[i] == best) {
                if (ends) {
                    return;
                }
                alone.decodeToken(best);
                continue;
            }
            float largest = 0;
            for (float logit : logits) {
                largest = Math.max(largest, Math.abs(logit));
            }
            assertThat(i < given.length ? logits[given[i]] : endLogit(logits))
                    .as("%s, token %d of %s", request.adapters(), i, answer.text())
                    .isCloseTo(logits[best], within(2 * 0x1p-11f * largest));
            return; // a near tie: from here on both go their own way
        }
    }

    private static float endLogit(float[] logits) {
        return (float) IntStream.range(0, logits.length)
                .filter(model.vocabulary()::isEndOfGeneration)
                .mapToDouble(token -> logits[token])
                .max()
                .orElseThrow();
    }
}
