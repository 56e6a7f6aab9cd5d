package org.dndllm.llama;

import org.dndllm.InvalidInputException;

/**
 * Size and speed of a context. {@link #DEFAULT} fits a chat; derive others with the {@code with} methods.
 *
 * <p>Threads: half the processors that the JVM sees, at least one. ggml's threads spin at every barrier, so one thread
 * too many on a busy machine costs far more than it brings: on two processors with another busy process two threads
 * fall from 40 to about 1 token/s while one stays at 28 to 30. Raise it on a machine that is yours alone.
 *
 * @param contextLength positions over all sequences; 0 takes the model's training length, at most {@value #DEFAULT_LENGTH}
 * @param beyondTraining allows a contextLength above the training length, which is otherwise the limit
 * @param batch tokens that one decode call takes at most
 * @param microBatch tokens that are computed at once, at most {@code batch}
 * @param threads threads for decoding and for prompts; 0 for the default above
 * @param sequences sequences that may be alive at once, at most {@value #MAX_SEQUENCES}
 * @param maxOutputs tokens of one batch that may ask for logits; a small number saves much memory (the logits of a
 *     token are V floats), raised to {@code sequences} where it is less
 * @param embeddings hidden states of the last layer beside logits; every token is an output then
 * @param flashAttention what to do about flash attention
 */
public record ContextOptions(
        int contextLength,
        boolean beyondTraining,
        int batch,
        int microBatch,
        int threads,
        int sequences,
        int maxOutputs,
        boolean embeddings,
        FlashAttention flashAttention) {
    /** Context length when none is given and the model could do more. */
    public static final int DEFAULT_LENGTH = 4096;
    /** LLAMA_MAX_SEQ. */
    public static final int MAX_SEQUENCES = 256;

    /** A chat of one sequence. */
    public static final ContextOptions DEFAULT =
            new ContextOptions(0, false, 512, 512, 0, 1, 1, false, FlashAttention.AUTO);

    /** enum llama_flash_attn_type. */
    public enum FlashAttention {
        AUTO(-1),
        OFF(0),
        ON(1);

        private final int code;

        FlashAttention(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    public ContextOptions {
        require(contextLength >= 0, "contextLength", contextLength, "0 for the default or a positive number");
        require(batch >= 1, "batch", batch, "at least 1");
        require(
                microBatch >= 1 && microBatch <= batch,
                "microBatch",
                microBatch,
                "between 1 and batch (" + batch + ")");
        require(threads >= 0 && threads <= 512, "threads", threads, "0 for the default, or 1 to 512");
        require(sequences >= 1 && sequences <= MAX_SEQUENCES, "sequences", sequences, "between 1 and " + MAX_SEQUENCES);
        require(maxOutputs >= 1, "maxOutputs", maxOutputs, "at least 1");
    }

    private static void require(boolean holds, String field, int value, String expected) {
        if (holds == false) {
            throw new InvalidInputException("context options", field, value + " given, expected " + expected);
        }
    }

    /** Threads used when {@code threads} is 0. */
    public static int defaultThreads() {
        return Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    }

    /** As this, with another context length. */
    public ContextOptions withContextLength(int value) {
        return new ContextOptions(
                value, beyondTraining, batch, microBatch, threads, sequences, maxOutputs, embeddings, flashAttention);
    }

    /** As this, with another batch size, computed in one piece. */
    public ContextOptions withBatch(int value) {
        return new ContextOptions(
                contextLength,
                beyondTraining,
                value,
                value,
                threads,
                sequences,
                maxOutputs,
                embeddings,
                flashAttention);
    }

    /** As this, with another number of threads. */
    public ContextOptions withThreads(int value) {
        return new ContextOptions(
                contextLength,
                beyondTraining,
                batch,
                microBatch,
                value,
                sequences,
                maxOutputs,
                embeddings,
                flashAttention);
    }

    /** As this, for several sequences. */
    public ContextOptions withSequences(int value) {
        return new ContextOptions(
                contextLength,
                beyondTraining,
                batch,
                microBatch,
                threads,
                value,
                maxOutputs,
                embeddings,
                flashAttention);
    }

    /** As this, with logits for up to {@code value} tokens of a batch. */
    public ContextOptions withMaxOutputs(int value) {
        return new ContextOptions(
                contextLength,
                beyondTraining,
                batch,
                microBatch,
                threads,
                sequences,
                value,
                embeddings,
                flashAttention);
    }

    /** Tokens that one batch may ask logits for, after the rules above. */
    int effectiveOutputs() {
        return embeddings
                ? Math.max(batch, sequences)
                : Math.max(sequences, Math.min(maxOutputs, Math.max(batch, sequences)));
    }
}
