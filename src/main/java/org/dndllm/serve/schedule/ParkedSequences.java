package org.dndllm.serve.schedule;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.SavedSequence;

/**
 * The finished sequences of a context, outside of its KV cache. Inside they would make every token of the running ones
 * dearer, because llama.cpp attends over all cells up to the highest one in use and masks only afterwards.
 */
final class ParkedSequences {
    /**
     * Tokens of a sequence that is worth it. To save and put back a few costs 0.2 ms whatever their number; to compute 8 of
     * them costs the nano base 1.3 ms and fewer nearly nothing, as they ride along in a batch (one core of an EPYC, busy).
     */
    static final int SHORTEST = 8;

    private final LlamaContext context;
    private final Map<Integer, SavedSequence> saved = new HashMap<>(); // by the number that it had in the context

    ParkedSequences(LlamaContext context) {
        this.context = context;
    }

    /** Takes a sequence out of the context. */
    void park(int sequence) {
        saved.put(sequence, context.save(sequence));
        context.remove(sequence);
    }

    /** Gives an empty sequence the first {@code length} positions of another one, be that parked or running. */
    void share(int source, int sequence, int length) {
        Optional<SavedSequence> parked = Optional.ofNullable(saved.get(source));
        parked.ifPresentOrElse(state -> context.restore(state, sequence), () -> context.copy(source, sequence));
        context.truncate(sequence, length);
        if (source == sequence) {
            forget(source);
        }
    }

    /** A sequence is not wanted any more. */
    void forget(int sequence) {
        Optional.ofNullable(saved.remove(sequence)).ifPresent(SavedSequence::close);
    }

    /** Positions of all of them. */
    int positions() {
        return saved.values().stream().mapToInt(SavedSequence::length).sum();
    }

    /** Forgets all of them. */
    void clear() {
        saved.values().forEach(SavedSequence::close);
        saved.clear();
    }
}
