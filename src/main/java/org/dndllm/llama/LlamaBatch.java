package org.dndllm.llama;

import java.util.Arrays;

/**
 * Tokens for one decode call: each with its position, its sequence and whether logits are wanted. A plain value in Java
 * memory that can be filled again after {@link #clear}; several sequences may be mixed, which is what continuous
 * batching needs. Used by one thread at a time.
 */
public final class LlamaBatch {
    private final int[] tokens;
    private final int[] positions;
    private final int[] sequences;
    private final boolean[] outputs;
    private int size;

    private LlamaBatch(int capacity) {
        tokens = new int[capacity];
        positions = new int[capacity];
        sequences = new int[capacity];
        outputs = new boolean[capacity];
    }

    /** An empty batch for up to {@code capacity} tokens; a context takes at most its own batch size at once. */
    public static LlamaBatch create(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("batch capacity " + capacity + "; expected at least 1");
        }
        return new LlamaBatch(capacity);
    }

    /**
     * Adds a token. What it must satisfy beyond the capacity is checked against the context at decode.
     *
     * @param token id in the vocabulary
     * @param position next free position of its sequence
     * @param sequence from 0
     * @param output whether its logits are wanted
     * @return the index of the token in this batch, by which its logits are asked for
     */
    public int add(int token, int position, int sequence, boolean output) {
        if (size == tokens.length) {
            throw new IllegalArgumentException(
                    "batch is full: " + size + " tokens; decode it and clear it, or create a larger one");
        }
        tokens[size] = token;
        positions[size] = position;
        sequences[size] = sequence;
        outputs[size] = output;
        return size++;
    }

    /** Removes all tokens. */
    public void clear() {
        size = 0;
    }

    /** Tokens in it. */
    public int size() {
        return size;
    }

    /** Tokens it can hold. */
    public int capacity() {
        return tokens.length;
    }

    int token(int index) {
        return tokens[index];
    }

    int position(int index) {
        return positions[index];
    }

    int sequence(int index) {
        return sequences[index];
    }

    boolean output(int index) {
        return outputs[index];
    }

    int outputCount() {
        int count = 0;
        for (int i = 0; i < size; i++) {
            count += outputs[i] ? 1 : 0;
        }
        return count;
    }

    @Override
    public String toString() {
        return "LlamaBatch" + Arrays.toString(Arrays.copyOf(tokens, size));
    }
}
