package org.dndllm.serve.schedule;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.SamplerChain;
import org.dndllm.llama.Vocabulary;

/** One generation while it runs in a sequence of a context. Only the loop touches it. */
final class Lane {
    private static final int NONE = -1;

    private final Generation generation;
    private final int sequence;
    private final int[] prompt;
    private final int cached;
    private final Optional<SamplerChain> sampler; // empty: the highest logit
    private final AnswerText text;
    private final SchedulerMetrics metrics;
    private final List<TokenLogprob> promptLogprobs = new ArrayList<>();
    private final List<Integer> outputs = new ArrayList<>(); // places in the batch that have logits for this lane
    private final long admitted = System.nanoTime();
    private int position; // tokens in the KV cache, or in the batch on their way there
    private int computed; // tokens in the KV cache
    private int next = NONE; // token to append before the answer can go on
    private int tokens;
    private long firstToken;
    private long lastToken;
    private boolean ended;

    Lane(Generation generation, SequenceTable.Plan plan, Optional<SamplerChain> sampler, SchedulerMetrics metrics) {
        this.generation = generation;
        this.sampler = sampler;
        this.metrics = metrics;
        sequence = plan.sequence();
        prompt = generation.request().prompt();
        cached = plan.reused();
        position = cached;
        computed = cached;
        text = new AnswerText(generation.request().stops());
        metrics.cachedTokens.add(cached);
        metrics.running.incrementAndGet();
    }

    Generation generation() {
        return generation;
    }

    int sequence() {
        return sequence;
    }

    boolean ended() {
        return ended;
    }

    /** Whether its prompt is in the KV cache, so that each step brings a token. */
    boolean streams() {
        return position >= prompt.length;
    }

    /** Puts the last token into the batch. */
    void addToken(LlamaBatch batch) {
        outputs.add(batch.add(next, position, sequence, true));
        position++;
    }

    /**
     * Puts a part of the prompt into the batch.
     *
     * @param most tokens, at least 1
     * @param mostOutputs tokens with logits that the batch still takes, at least 1
     * @return how many were added
     */
    int addPrompt(LlamaBatch batch, int most, int mostOutputs) {
        boolean scored = generation.request().promptLogprobs();
        int count = Math.min(most, prompt.length - position);
        count = Math.min(count, scored ? mostOutputs : count);
        for (int i = 0; i < count; i++) {
            boolean last = position == prompt.length - 1;
            int index = batch.add(prompt[position], position, sequence, last || scored);
            if (last || scored) {
                outputs.add(index);
            }
            position++;
        }
        metrics.promptTokens.add(count);
        return count;
    }

    /** How many tokens of the batch have logits for this lane. */
    int outputs() {
        return outputs.size();
    }

    /** The batch was computed: its tokens of this lane are in the KV cache. */
    void computed(SequenceTable table) {
        for (; computed < position; computed++) {
            table.append(sequence, computed < prompt.length ? prompt[computed] : next);
        }
    }

    /**
     * Reads the batch's logits, chooses the next token, tells what is ready.
     *
     * @throws InvalidInputException if the logits are not finite
     */
    void advance(LlamaContext context) {
        if (firstToken == 0 && generation.request().promptLogprobs()) {
            scorePrompt(context);
        }
        if (streams()) {
            choose(context, outputs.getLast());
        }
        outputs.clear();
    }

    /** Log-probability of each prompt token from the logits of the one before it. */
    private void scorePrompt(LlamaContext context) {
        int alternatives = generation.request().logprobs().orElse(0);
        for (int i = 0; i < outputs.size(); i++) {
            int scored = position - outputs.size() + i + 1;
            if (scored < prompt.length) {
                promptLogprobs.add(
                        context.withLogits(outputs.get(i), row -> Logits.of(row, prompt[scored], alternatives)));
            }
        }
    }

    private void choose(LlamaContext context, int output) {
        if (firstToken == 0) {
            begin();
        }
        if (generation.request().maxTokens() == 0) {
            finish(GenerationEvent.Reason.LENGTH);
            return;
        }
        int token = sample(context, output);
        Vocabulary vocabulary = context.model().vocabulary();
        if (vocabulary.isEndOfGeneration(token)) {
            finish(GenerationEvent.Reason.STOP);
            return;
        }
        Optional<TokenLogprob> logprob = generation.request().logprobs().isPresent()
                ? Optional.of(context.withLogits(
                        output,
                        row -> Logits.of(
                                row, token, generation.request().logprobs().getAsInt())))
                : Optional.empty();
        count();
        text.accept(vocabulary.piece(token, false), logprob).ifPresent(generation::tell);
        if (text.isStopped()) {
            finish(GenerationEvent.Reason.STOP);
        } else if (tokens == generation.request().maxTokens()) {
            finish(GenerationEvent.Reason.LENGTH);
        } else {
            next = token;
        }
    }

    private void begin() {
        firstToken = System.nanoTime();
        lastToken = firstToken;
        metrics.timeToFirstToken.record(Duration.ofNanos(firstToken - generation.submitted()));
        generation.tell(new GenerationEvent.PromptRead(promptLogprobs));
    }

    private int sample(LlamaContext context, int output) {
        if (sampler.isPresent()) {
            // llama.cpp's samplers sort; logits that are no numbers have no order
            if (!context.withLogits(output, Logits::areFinite)) {
                throw notFinite();
            }
            return sampler.get().sample(context, output);
        }
        int token = context.argmax(output);
        if (!context.withLogits(output, row -> isFinite(row, token))) {
            throw notFinite();
        }
        return token;
    }

    private static boolean isFinite(MemorySegment row, int token) {
        return Float.isFinite(row.getAtIndex(ValueLayout.JAVA_FLOAT, token));
    }

    private static InvalidInputException notFinite() {
        return new InvalidInputException(
                "adapter set",
                "lora",
                "the model's logits are not finite under these adapters and scales; use smaller scales");
    }

    private void count() {
        tokens++;
        metrics.generatedTokens.increment();
        long now = System.nanoTime();
        if (tokens > 1) {
            metrics.tokenTime.record(Duration.ofNanos(now - lastToken));
        }
        lastToken = now;
    }

    void finish(GenerationEvent.Reason reason) {
        text.flush().ifPresent(generation::tell);
        long now = System.nanoTime();
        long first = firstToken == 0 ? now : firstToken;
        end(new GenerationEvent.Finished(
                reason,
                prompt.length,
                cached,
                tokens,
                Duration.ofNanos(first - admitted),
                Duration.ofNanos(now - first)));
    }

    void fail(Throwable problem) {
        end(new GenerationEvent.Failed(problem));
    }

    private void end(GenerationEvent event) {
        ended = true;
        sampler.ifPresent(SamplerChain::close);
        metrics.running.decrementAndGet();
        generation.tell(event);
    }
}
