package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.dndllm.bindings.llama_batch;

/** A {@code struct llama_batch} with its arrays, allocated once per context and filled again for every call. */
final class NativeBatch {
    private final MemorySegment struct;
    private final MemorySegment tokens; // int32 [batch]
    private final MemorySegment positions; // int32 [batch]
    private final MemorySegment sequences; // int32 [batch]: every token belongs to exactly one sequence
    private final MemorySegment outputs; // int8 [batch]

    NativeBatch(Arena arena, int capacity) {
        struct = llama_batch.allocate(arena);
        tokens = arena.allocate(ValueLayout.JAVA_INT, capacity);
        positions = arena.allocate(ValueLayout.JAVA_INT, capacity);
        sequences = arena.allocate(ValueLayout.JAVA_INT, capacity);
        outputs = arena.allocate(capacity);
        MemorySegment counts = arena.allocate(ValueLayout.JAVA_INT, capacity);
        MemorySegment sequencePointers = arena.allocate(ValueLayout.ADDRESS, capacity);
        for (int i = 0; i < capacity; i++) {
            counts.setAtIndex(ValueLayout.JAVA_INT, i, 1);
            sequencePointers.setAtIndex(ValueLayout.ADDRESS, i, sequences.asSlice(4L * i, 4));
        }
        llama_batch.token(struct, tokens);
        llama_batch.embd(struct, MemorySegment.NULL);
        llama_batch.pos(struct, positions);
        llama_batch.n_seq_id(struct, counts);
        llama_batch.seq_id(struct, sequencePointers);
        llama_batch.logits(struct, outputs);
    }

    void set(int index, int token, int position, int sequence, boolean output) {
        tokens.setAtIndex(ValueLayout.JAVA_INT, index, token);
        positions.setAtIndex(ValueLayout.JAVA_INT, index, position);
        sequences.setAtIndex(ValueLayout.JAVA_INT, index, sequence);
        outputs.set(ValueLayout.JAVA_BYTE, index, (byte) (output ? 1 : 0));
    }

    void size(int count) {
        llama_batch.n_tokens(struct, count);
    }

    /** The struct, passed by value. */
    MemorySegment struct() {
        return struct;
    }
}
