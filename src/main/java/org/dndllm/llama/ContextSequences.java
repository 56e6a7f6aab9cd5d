package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import org.dndllm.InvalidInputException;
import org.dndllm.bindings.LlamaCpp;

/**
 * The KV cache of a context: every change is made in llama.cpp's memory and in Java's book of it, in this order, on the
 * context's native thread. The context has been entered by the caller.
 */
final class ContextSequences {
    private final String context;
    private final MemorySegment memory; // llama_memory_t
    private final SequenceLedger ledger;

    ContextSequences(String context, MemorySegment memory, SequenceLedger ledger) {
        this.context = context;
        this.memory = memory;
        this.ledger = ledger;
    }

    /**
     * Forgets everything, also what removed sequences left in their cells.
     *
     * @param wipe whether adapters computed it. Such cells are wiped, not only forgotten: an adapter with absurd weights
     *     leaves infinities there, and a masked infinity still turns an attention sum into NaN
     */
    void clear(boolean wipe) {
        if (ledger.isUntouched() == false) {
            LlamaCpp.llama_memory_clear(memory, wipe);
            ledger.clear();
        }
    }

    /** Forgets what a stopped decode left in cells that the book never knew. */
    void clearUnbooked() {
        LlamaCpp.llama_memory_clear(memory, false);
    }

    /** Forgets the batch that was planned and not committed. */
    void rollBack() {
        for (int sequence = 0; sequence < ledger.sequences(); sequence++) {
            if (ledger.touched(sequence)) {
                LlamaCpp.llama_memory_seq_rm(memory, sequence, ledger.length(sequence), -1);
            }
        }
    }

    void truncate(int sequence, int length) {
        int present = ledger.length(sequence);
        if (length < 0 || length > present) {
            throw new InvalidInputException(
                    context,
                    "length",
                    length + " given, but sequence " + sequence + " holds " + present + " positions");
        }
        ledger.requireWholeImages(sequence, length);
        LlamaCpp.llama_memory_seq_rm(memory, sequence, length, -1);
        ledger.truncate(sequence, length);
    }

    void copy(int from, int to) {
        ledger.require(from);
        if (ledger.length(to) > 0) {
            throw new InvalidInputException(
                    context, "sequence", to + " holds " + ledger.length(to) + " positions; remove it first");
        }
        LlamaCpp.llama_memory_seq_cp(memory, from, to, -1, -1);
        ledger.copy(from, to);
    }

    void keepOnly(int sequence) {
        ledger.require(sequence);
        LlamaCpp.llama_memory_seq_keep(memory, sequence);
        ledger.keepOnly(sequence);
    }
}
