package org.dndllm.llama;

import java.util.concurrent.CancellationException;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * Takes tokens into a context: checks them against its limits and its book, has them computed, and notes which of them have
 * outputs. The context has been entered by the caller.
 */
final class ContextInput {
    private final String context;
    private final Vocabulary vocabulary;
    private final BatchLimits limits;
    private final SequenceLedger ledger;
    private final NativeBatch batch;
    private final ContextDecoder decoder;
    private final ContextOutputs outputs;

    ContextInput(
            String context,
            Vocabulary vocabulary,
            BatchLimits limits,
            SequenceLedger ledger,
            NativeBatch batch,
            ContextDecoder decoder,
            ContextOutputs outputs) {
        this.context = context;
        this.vocabulary = vocabulary;
        this.limits = limits;
        this.ledger = ledger;
        this.batch = batch;
        this.decoder = decoder;
        this.outputs = outputs;
    }

    void decode(LlamaBatch given, CancelToken cancel) {
        limits.require(given);
        ledger.plan(given);
        cancel.check();
        outputs.drop();
        for (int i = 0; i < given.size(); i++) {
            batch.set(i, given.token(i), given.position(i), given.sequence(i), limits.isOutput(given, i));
        }
        compute(given.size(), cancel);
        for (int i = 0; i < given.size(); i++) {
            if (limits.isOutput(given, i)) {
                outputs.add(i);
            }
        }
    }

    /** In as many batches as needed; a cancelled one is undone, those before it are the caller's to undo. */
    void decode(int[] tokens, int sequence, CancelToken cancel) {
        if (tokens.length == 0) {
            throw new InvalidInputException(context, "tokens", "there are none; give at least one");
        }
        for (int token : tokens) {
            vocabulary.require(token);
        }
        if (tokens.length > ledger.free()) {
            throw ledger.full(tokens.length);
        }
        LlamaBatch part = LlamaBatch.create(Math.min(tokens.length, limits.tokens()));
        for (int i = 0; i < tokens.length; i++) {
            part.add(tokens[i], ledger.length(sequence) + part.size(), sequence, i == tokens.length - 1);
            if (part.size() == part.capacity() || i == tokens.length - 1) {
                decode(part, cancel);
                part.clear();
            }
        }
    }

    /** Allocates nothing. */
    void decodeToken(int token) {
        vocabulary.require(token);
        int position = ledger.planOne(0);
        outputs.drop();
        batch.set(0, token, position, 0, true);
        compute(1, null);
        outputs.add(0);
    }

    /** @throws CancellationException if {@code cancel} was cancelled; the batch is undone */
    private void compute(int tokens, @Nullable CancelToken cancel) {
        batch.size(tokens);
        decoder.compute(tokens, cancel);
    }
}
