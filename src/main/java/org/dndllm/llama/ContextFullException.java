package org.dndllm.llama;

/**
 * A batch does not fit into what is left of the context. Nothing was decoded and the KV cache is as it was: remove
 * sequences, truncate, or open a longer context.
 */
public final class ContextFullException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final int needed;
    private final int free;

    ContextFullException(String context, int needed, int free, int length) {
        super(context + ": " + needed + " tokens do not fit into the " + free + " free positions of a context of "
                + length
                + "; remove or truncate sequences, shorten the prompt, or open a context with a greater length");
        this.needed = needed;
        this.free = free;
    }

    /** Positions that the batch needs. */
    public int needed() {
        return needed;
    }

    /** Positions that were free. */
    public int free() {
        return free;
    }
}
