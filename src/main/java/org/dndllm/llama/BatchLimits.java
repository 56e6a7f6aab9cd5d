package org.dndllm.llama;

import org.dndllm.InvalidInputException;

/**
 * What one decode of a context may hold; llama.cpp asserts on more.
 *
 * @param context its name, for messages
 * @param tokens at most
 * @param outputs tokens that may ask for logits
 * @param embeddings whether every token gives an output, asked or not
 */
record BatchLimits(String context, Vocabulary vocabulary, int tokens, int outputs, boolean embeddings) {
    /** Refuses a batch that is empty, too large, asks for too many outputs or holds what is no token. */
    void require(LlamaBatch batch) {
        if (batch.size() == 0) {
            throw new InvalidInputException(context, "batch", "it is empty; add at least one token");
        }
        if (batch.size() > tokens) {
            throw new InvalidInputException(
                    context,
                    "batch",
                    batch.size() + " tokens, at most " + tokens + " fit; split it or open a context with"
                            + " a larger batch");
        }
        int wanted = embeddings ? batch.size() : batch.outputCount();
        if (wanted > outputs) {
            throw new InvalidInputException(
                    context,
                    "batch",
                    wanted + " tokens ask for logits, at most " + outputs
                            + " may; open a context with a greater maxOutputs");
        }
        for (int i = 0; i < batch.size(); i++) {
            vocabulary.require(batch.token(i));
        }
    }

    /** Whether token {@code i} of the batch gives an output. */
    boolean isOutput(LlamaBatch batch, int i) {
        return embeddings || batch.output(i);
    }
}
