package org.dndllm.eval;

import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;

/**
 * A context of many sequences in which answers grow side by side. Owned by who opened it; adapters are attached to its
 * {@link #context()}.
 */
public final class AnswerContext implements AutoCloseable {
    /** Cells of the KV cache at most, unless one sequence alone needs more; every token attends to all of them. */
    private static final int CELLS = 4096;

    private final LlamaContext context;
    private final int sequences;
    private final int positions;

    private AnswerContext(LlamaContext context, int sequences, int positions) {
        this.context = context;
        this.sequences = sequences;
        this.positions = positions;
    }

    /**
     * Opens a context.
     *
     * @param options context length (of one sequence), threads and batch size
     * @param parallel answers in the making at once
     */
    public static AnswerContext open(LlamaModel model, ContextOptions options, int parallel) {
        int positions = options.contextLength() > 0
                ? Math.min(options.contextLength(), model.trainLength())
                : Math.min(ContextOptions.DEFAULT_LENGTH, model.trainLength());
        int sequences = parallel + 1;
        int cells = (int) Math.max(positions, Math.min(CELLS, (long) sequences * positions));
        LlamaContext context = model.newContext(new ContextOptions(
                cells,
                true, // cells of all sequences together; each of them stays within the training length
                options.batch(),
                options.microBatch(),
                options.threads(),
                sequences,
                sequences,
                false,
                options.flashAttention()));
        return new AnswerContext(context, sequences, positions);
    }

    /** A decoder of answers of up to {@code maxTokens} tokens. */
    public GreedyDecoder decoder(int maxTokens) {
        return new GreedyDecoder(context, sequences, positions, maxTokens);
    }

    /** The context, for attaching adapters. */
    public LlamaContext context() {
        return context;
    }

    /** Positions that one prompt with its answer may take. */
    public int positions() {
        return positions;
    }

    @Override
    public void close() {
        context.close();
    }
}
