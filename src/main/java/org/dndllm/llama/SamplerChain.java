package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dndllm.InvalidInputException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_token_data;
import org.dndllm.bindings.llama_token_data_array;
import org.jspecify.annotations.Nullable;

/**
 * Chooses tokens from a context's logits. Made by {@link LlamaModel#newSampler}, always complete: the last step selects.
 * It remembers what it accepted (penalties, grammar); {@link #reset} forgets. One thread at a time; the caller closes it,
 * or the model does.
 */
public final class SamplerChain implements AutoCloseable {
    private final LlamaModel model;
    private final SamplerOptions options;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment chain;
    private final @Nullable MemorySegment grammar; // owned by the chain
    private final MemorySegment one; // llama_token_data_array of one candidate
    private final MemorySegment candidate;
    private final MemorySegment all; // llama_token_data_array of every token, for grammars
    private final MemorySegment candidates; // llama_token_data [V], empty without a grammar
    private boolean ended; // the grammar accepted an end of generation
    private boolean closed;

    SamplerChain(LlamaModel model, SamplerOptions options) {
        this.model = model;
        this.options = options;
        one = llama_token_data_array.allocate(arena);
        all = llama_token_data_array.allocate(arena);
        candidate = llama_token_data.allocate(arena);
        int size = model.vocabulary().size();
        candidates = options.grammar().isEmpty() ? MemorySegment.NULL : llama_token_data.allocateArray(size, arena);
        grammar = options.grammar().isEmpty() ? null : newGrammar();
        chain = LlamaCpp.llama_sampler_chain_init(LlamaCpp.llama_sampler_chain_default_params(arena));
        if (grammar != null) {
            add(grammar);
        }
        if (options.hasPenalties()) {
            add(LlamaCpp.llama_sampler_init_penalties(
                    size,
                    options.penaltyWindow(),
                    options.repeatPenalty(),
                    options.frequencyPenalty(),
                    options.presencePenalty()));
        }
        if (options.temperature() == 0) {
            add(LlamaCpp.llama_sampler_init_greedy());
            return;
        }
        add(LlamaCpp.llama_sampler_init_top_k(options.topK()));
        add(LlamaCpp.llama_sampler_init_top_p(options.topP(), 1));
        add(LlamaCpp.llama_sampler_init_min_p(options.minP(), 1));
        add(LlamaCpp.llama_sampler_init_temp(options.temperature()));
        add(LlamaCpp.llama_sampler_init_dist(options.seed()));
    }

    private void add(MemorySegment sampler) {
        LlamaCpp.llama_sampler_chain_add(chain, sampler);
    }

    private MemorySegment newGrammar() {
        long mark = NativeLog.mark();
        MemorySegment text = arena.allocateFrom(options.grammar());
        MemorySegment root = arena.allocateFrom("root");
        Thread[] worker = new Thread[1];
        MemorySegment[] made = {MemorySegment.NULL};
        model.onThread("parse grammar", () -> {
            worker[0] = Thread.currentThread();
            made[0] = LlamaCpp.llama_sampler_init_grammar(model.vocabulary().pointer(), text, root);
            return 0;
        });
        if (made[0].address() == 0) {
            String said = NativeLog.since(mark, worker[0]);
            arena.close();
            throw new InvalidInputException(
                    "sampler options",
                    "grammar",
                    "is no GBNF grammar with a rule root: " + said + "; mend the grammar");
        }
        return made[0];
    }

    /** How it chooses. */
    public SamplerOptions options() {
        return options;
    }

    /** Chooses after the last token that has logits, and accepts the choice. */
    public int sample(LlamaContext context) {
        requireOpen();
        context.enter();
        try {
            return sample(context, context.outputs().lastIndex());
        } finally {
            context.exit();
        }
    }

    /**
     * Chooses a token from the logits of a token of the last batch, and accepts the choice.
     *
     * @throws IllegalStateException if that token has no logits, or the grammar is finished or cannot go on
     */
    public int sample(LlamaContext context, int index) {
        requireOpen();
        if (context.model() != model) {
            throw new IllegalArgumentException(context + " belongs to another model than this sampler (" + model + ")");
        }
        context.enter();
        try {
            context.outputs().require(index);
            if (grammar == null) {
                return context.onThread("sample", () -> LlamaCpp.llama_sampler_sample(chain, context.pointer(), index));
            }
            if (ended) {
                throw new IllegalStateException("the grammar is finished; reset the sampler to start again");
            }
            int token = context.onThread("sample", () -> select(context.pointer(), index));
            if (allows(token) == false) {
                throw new IllegalStateException(
                        "the grammar cannot go on: no token of this vocabulary fits; mend the grammar or reset the sampler");
            }
            acceptAllowed(token);
            return token;
        } finally {
            context.exit();
        }
    }

    /** As llama_sampler_sample without its accept, which would end the process when the grammar is at a dead end. */
    private int select(MemorySegment context, int index) {
        int size = model.vocabulary().size();
        MemorySegment logits = LlamaCpp.llama_get_logits_ith(context, index).reinterpret(4L * size);
        for (int token = 0; token < size; token++) {
            MemorySegment slot = llama_token_data.asSlice(candidates, token);
            llama_token_data.id(slot, token);
            llama_token_data.logit(slot, logits.getAtIndex(ValueLayout.JAVA_FLOAT, token));
            llama_token_data.p(slot, 0f);
        }
        fill(all, candidates, size);
        LlamaCpp.llama_sampler_apply(chain, all);
        long selected = llama_token_data_array.selected(all);
        if (selected < 0 || selected >= llama_token_data_array.size(all)) {
            return -1;
        }
        MemorySegment data = llama_token_data_array
                .data(all)
                .reinterpret(llama_token_data.sizeof() * llama_token_data_array.size(all));
        return llama_token_data.id(llama_token_data.asSlice(data, selected));
    }

    private static void fill(MemorySegment array, MemorySegment data, long size) {
        llama_token_data_array.data(array, data);
        llama_token_data_array.size(array, size);
        llama_token_data_array.selected(array, -1);
        llama_token_data_array.sorted(array, false);
    }

    /**
     * Takes note of a token that was chosen elsewhere.
     *
     * @throws InvalidInputException if it is no token of the model
     * @throws IllegalArgumentException if the grammar does not allow it here
     */
    public void accept(int token) {
        requireOpen();
        model.vocabulary().require(token);
        if (ended || allows(token) == false) {
            throw new IllegalArgumentException("the grammar does not allow token " + token + " here");
        }
        acceptAllowed(token);
    }

    private boolean allows(int token) {
        MemorySegment rules = grammar;
        if (rules == null) {
            return true;
        }
        if (token < 0) {
            return false;
        }
        llama_token_data.id(candidate, token);
        llama_token_data.logit(candidate, 0f);
        llama_token_data.p(candidate, 0f);
        fill(one, candidate, 1);
        model.onThread("ask grammar", () -> {
            LlamaCpp.llama_sampler_apply(rules, one);
            return 0;
        });
        // the grammar strikes a token out by setting its logit to minus infinity
        return Float.isFinite(llama_token_data.logit(candidate));
    }

    private void acceptAllowed(int token) {
        model.onThread("accept", () -> {
            LlamaCpp.llama_sampler_accept(chain, token);
            return 0;
        });
        ended = grammar != null && model.vocabulary().isEndOfGeneration(token);
    }

    /** Forgets everything accepted, and starts the seed anew. */
    public void reset() {
        requireOpen();
        model.onThread("reset sampler", () -> {
            LlamaCpp.llama_sampler_reset(chain);
            return 0;
        });
        ended = false;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("SamplerChain of " + model + " is closed");
        }
        model.requireOpen();
    }

    /** Frees it. Idempotent. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        model.forget(this);
        if (model.isPoisoned() == false) {
            LlamaCpp.llama_sampler_free(chain);
            arena.close();
        }
    }
}
