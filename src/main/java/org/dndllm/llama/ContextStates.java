package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import org.dndllm.InvalidInputException;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;

/** Takes sequences out of a context's KV cache and puts them back. The context has been entered by the caller. */
final class ContextStates implements AutoCloseable {
    private final LlamaContext context;
    private final MemorySegment pointer; // llama_context *
    private final NativeThread thread;
    private final SequenceLedger ledger;
    private final StateMemory memory = new StateMemory();

    ContextStates(LlamaContext context, MemorySegment pointer, NativeThread thread, SequenceLedger ledger) {
        this.context = context;
        this.pointer = pointer;
        this.thread = thread;
        this.ledger = ledger;
    }

    SavedSequence save(int sequence) {
        int length = ledger.length(sequence);
        if (length == 0) {
            throw new InvalidInputException(
                    context.name(), "sequence", sequence + " holds nothing; decode something into it first");
        }
        return thread.call("save sequence", () -> write(sequence, length));
    }

    private SavedSequence write(int sequence, int length) {
        long size = LlamaCpp.llama_state_seq_get_size(pointer, sequence);
        SavedSequence saved = new SavedSequence(context, memory, length, size);
        long written = LlamaCpp.llama_state_seq_get_data(pointer, saved.state(), size, sequence);
        if (written == 0 || written > size) {
            saved.close();
            throw new NativeFailureException("llama.cpp could not save sequence " + sequence + " of " + context.name()
                    + ": it wrote " + written + " of " + size + " bytes. The sequence is as it was.");
        }
        return saved;
    }

    void restore(SavedSequence saved, int sequence) {
        if (!saved.belongsTo(context)) {
            throw new IllegalArgumentException(
                    "the saved sequence was computed by another context or another adapter set than those of "
                            + context.name() + ", where it would give wrong logits");
        }
        if (ledger.length(sequence) > 0) {
            throw new InvalidInputException(
                    context.name(),
                    "sequence",
                    sequence + " holds " + ledger.length(sequence) + " positions; remove it first");
        }
        if (saved.length() > ledger.free()) {
            throw ledger.full(saved.length());
        }
        thread.run("restore sequence", () -> {
            MemorySegment state = saved.state();
            if (LlamaCpp.llama_state_seq_set_data(pointer, state, state.byteSize(), sequence) == 0) {
                throw new NativeFailureException("llama.cpp could not put " + saved.length() + " positions back into "
                        + context.name() + ". Sequence " + sequence + " is empty; compute it anew.");
            }
            ledger.restore(sequence, saved.length());
        });
    }

    /** Frees the memory that no saved sequence holds. */
    @Override
    public void close() {
        memory.close();
    }
}
