package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Lock;
import java.util.function.IntSupplier;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;
import org.jspecify.annotations.Nullable;

/**
 * Runs llama_decode on the batch of a context: whole or not at all, and so that it can be stopped. The context has been
 * entered by the caller, except for {@link #shutDown}.
 */
final class ContextDecoder {
    private static final int OK = 0;
    private static final int FULL = 1;
    private static final int ABORTED = 2;

    private final LlamaModel model;
    private final String context;
    private final NativeThread thread;
    private final NativeBatch batch;
    private final SequenceLedger ledger;
    private final ContextSequences sequences;
    private final StopFlag stop = new StopFlag();
    private final IntSupplier call; // made once, so that the decode of a token allocates nothing
    private boolean graphsStale; // the next decode reserves compute buffers
    private volatile boolean shutDown;

    ContextDecoder(
            LlamaModel model,
            String context,
            MemorySegment pointer,
            NativeThread thread,
            NativeBatch batch,
            SequenceLedger ledger,
            ContextSequences sequences) {
        this.model = model;
        this.context = context;
        this.thread = thread;
        this.batch = batch;
        this.ledger = ledger;
        this.sequences = sequences;
        stop.install(pointer);
        call = () -> {
            int status = LlamaCpp.llama_decode(pointer, batch.struct());
            if (status == OK) {
                LlamaCpp.llama_synchronize(pointer);
            }
            return status;
        };
    }

    /** The adapters changed: the next decode rebuilds its graphs. */
    void adaptersChanged() {
        graphsStale = true;
    }

    /** Stops the decode in progress and every later one. From any thread. */
    void shutDown() {
        shutDown = true;
        stop.raise();
    }

    boolean isShutDown() {
        return shutDown;
    }

    /** Computes the first {@code tokens} tokens of the batch, which the ledger has planned. */
    void compute(int tokens, @Nullable CancelToken cancel) {
        compute("decode", call, tokens, cancel);
    }

    /**
     * The same by another call, which decodes {@code tokens} tokens of its own.
     *
     * @param what name of the call, for messages
     * @param own answers as llama_decode does
     */
    void compute(String what, IntSupplier own, int tokens, @Nullable CancelToken cancel) {
        if (graphsStale) {
            reserveGraphs(tokens);
        }
        int status;
        long mark = NativeLog.mark();
        if (cancel != null) {
            cancel.enter(stop);
        }
        try {
            if (shutDown) {
                stop.raise();
            }
            status = thread.callInt(what, own);
        } finally {
            if (cancel != null) {
                cancel.leave(stop);
            }
            if (shutDown == false) {
                stop.lower();
            }
        }
        if (status == OK) {
            ledger.commit();
            return;
        }
        thread.run("undo batch", sequences::rollBack);
        throw failure(what, status, tokens, cancel, mark);
    }

    /**
     * The first decode after a change of adapters rebuilds the scheduler and reads the model's adapter table, which
     * llama.cpp does not lock. A one-token decode that is stopped at its first node does that part alone, so that the
     * table is locked for milliseconds and not for the length of a prompt.
     */
    private void reserveGraphs(int tokens) {
        // The KV cache is empty here: the change of adapters dropped it, and only this method comes before the next
        // batch.
        Lock table = model.adapterTable().readLock();
        table.lock();
        try {
            batch.size(1);
            stop.raise();
            thread.callInt("reserve compute buffers", call);
            thread.run("reserve compute buffers", sequences::clearUnbooked);
        } finally {
            stop.lower();
            table.unlock();
        }
        batch.size(tokens);
        graphsStale = false;
    }

    private RuntimeException failure(String what, int status, int tokens, @Nullable CancelToken cancel, long mark) {
        if (shutDown) {
            return new IllegalStateException(context + " was closed during decode");
        }
        if (status == ABORTED && cancel != null && cancel.isCancelled()) {
            return new CancellationException("decode in " + context + " was cancelled; its batch is undone");
        }
        if (status == FULL) {
            return ledger.full(tokens);
        }
        return new NativeFailureException(what + " in " + context + " returned " + status + ": "
                + NativeLog.since(mark, thread.worker()) + ". The batch is undone; the context goes on.");
    }
}
