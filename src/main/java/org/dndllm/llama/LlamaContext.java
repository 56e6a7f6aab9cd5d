package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.dndllm.InvalidInputException;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;
import org.jspecify.annotations.Nullable;

/**
 * A KV cache, an adapter set and the logits of the last batch, over a model. Made by {@link LlamaModel#newContext}; the
 * caller closes it, or the model does. One thread at a time: a second one gets an IllegalStateException, only
 * {@link #close} waits (and cancels what runs).
 *
 * <p>The KV cache belongs to the adapter set that computed it: attaching a different set drops it, so logits never mix
 * two sets. A batch is decoded as a whole or not at all.
 */
public final class LlamaContext implements AutoCloseable {
    private static final AtomicLong COUNT = new AtomicLong();
    private static final int OK = 0;
    private static final int FULL = 1;
    private static final int ABORTED = 2;

    private final LlamaModel model;
    private final String name = "context-" + COUNT.incrementAndGet();
    private final int contextLength;
    private final int batchLimit;
    private final int outputLimit;
    private final boolean embeddings;
    private final Arena arena = Arena.ofShared();
    private final NativeThread thread;
    private final NativeBatch nativeBatch;
    private final StopFlag stop;
    private final SequenceLedger ledger;
    private final MemorySegment pointer;
    private final MemorySegment memory; // llama_memory_t
    private final IntSupplier decodeCall; // made once, so that the decode of a token allocates nothing

    private final ReentrantLock use = new ReentrantLock();
    private volatile @Nullable Thread user;
    private volatile boolean closing;
    private volatile boolean closed;

    private AdapterSet attached = AdapterSet.EMPTY;
    private boolean graphsStale; // the next decode reserves compute buffers
    private final BitSet outputs = new BitSet(); // tokens of the last batch that have logits
    private int lastOutput = -1;

    LlamaContext(LlamaModel model, MemorySegment modelPointer, NativeThread.Domain domain, ContextOptions options) {
        this.model = model;
        contextLength = ContextSize.of(model, options);
        embeddings = options.embeddings();
        outputLimit = options.effectiveOutputs();
        thread = new NativeThread(domain, name);
        try {
            pointer = ContextSize.create(name, thread, modelPointer, options, contextLength);
        } catch (RuntimeException e) {
            thread.close();
            arena.close();
            throw e;
        }
        memory = LlamaCpp.llama_get_memory(pointer);
        batchLimit = LlamaCpp.llama_n_batch(pointer);
        nativeBatch = new NativeBatch(arena, batchLimit);
        ledger = new SequenceLedger(name, options.sequences(), contextLength);
        stop = new StopFlag();
        stop.install(pointer);
        decodeCall = () -> {
            int status = LlamaCpp.llama_decode(pointer, nativeBatch.struct());
            if (status == OK) {
                LlamaCpp.llama_synchronize(pointer);
            }
            return status;
        };
    }

    /** A name for messages, unique in this process. */
    public String name() {
        return name;
    }

    /** The model it belongs to. */
    public LlamaModel model() {
        return model;
    }

    /** Positions over all sequences. */
    public int contextLength() {
        return contextLength;
    }

    /** Tokens that one decode takes at most. */
    public int batchSize() {
        return batchLimit;
    }

    /** Positions that {@code sequence} holds; its next token goes there. */
    public int length(int sequence) {
        return ledger.length(sequence);
    }

    /** The adapter set in use. */
    public AdapterSet attached() {
        return attached;
    }

    // ---- adapters ---------------------------------------------------------------------------------------------------

    /**
     * Makes {@code set} the one and only adapter set. If it differs from the present one, the KV cache and the logits are
     * dropped; the same set again costs nothing. The next decode reserves compute buffers anew (some milliseconds).
     *
     * @throws IllegalStateException if an adapter is closed
     * @throws IllegalArgumentException if an adapter belongs to another model
     */
    public void attach(AdapterSet set) {
        enter();
        try {
            if (set.equals(attached)) {
                return;
            }
            List<AdapterSet.Entry> entries = set.entries();
            if (entries.isEmpty() == false && entries.getFirst().adapter().model() != model) {
                throw new IllegalArgumentException("adapter \""
                        + entries.getFirst().adapter().name() + "\" belongs to "
                        + entries.getFirst().adapter().model() + ", " + name + " to " + model);
            }
            replace(set);
        } finally {
            exit();
        }
    }

    /** Back to the base model: {@code attach(AdapterSet.EMPTY)}. */
    public void detach() {
        attach(AdapterSet.EMPTY);
    }

    private void replace(AdapterSet set) {
        List<AdapterSet.Entry> entries = set.entries();
        AdapterSet before = attached;
        try (Arena temporary = Arena.ofShared()) {
            MemorySegment pointers = temporary.allocate(ValueLayout.ADDRESS, Math.max(1, entries.size()));
            MemorySegment scales = temporary.allocate(ValueLayout.JAVA_FLOAT, Math.max(1, entries.size()));
            int taken = 0;
            try {
                for (AdapterSet.Entry entry : entries) {
                    pointers.setAtIndex(
                            ValueLayout.ADDRESS, taken, entry.adapter().acquire(this));
                    scales.setAtIndex(ValueLayout.JAVA_FLOAT, taken, entry.scale());
                    taken++;
                }
                dropLogits();
                thread.run("attach adapters", () -> {
                    LlamaCpp.llama_set_adapters_lora(pointer, pointers, entries.size(), scales);
                    dropCache();
                });
            } catch (RuntimeException e) {
                for (AdapterSet.Entry entry : entries.subList(0, taken)) {
                    if (before.contains(entry.adapter()) == false) {
                        entry.adapter().release(this);
                    }
                }
                throw e;
            }
        }
        attached = set;
        graphsStale = true;
        for (AdapterSet.Entry entry : before.entries()) {
            if (set.contains(entry.adapter()) == false) {
                entry.adapter().release(this);
            }
        }
    }

    /**
     * Cells that were computed under an adapter are wiped, not only forgotten: an adapter with absurd weights leaves
     * infinities there, and a masked infinity still turns an attention sum into NaN.
     */
    private void dropCache() {
        if (ledger.isEmpty() == false) {
            LlamaCpp.llama_memory_clear(memory, attached.isEmpty() == false);
            ledger.clear();
        }
    }

    // ---- decode -----------------------------------------------------------------------------------------------------

    /** As {@link #decode(LlamaBatch, CancelToken)} without a way to stop it. */
    public void decode(LlamaBatch batch) {
        decode(batch, CancelToken.create());
    }

    /**
     * Computes a batch. Afterwards the logits of the tokens that asked for them can be read.
     *
     * @throws InvalidInputException if a token, sequence or position is out of range, or the batch is empty, too large or
     *     asks for too many logits; nothing was computed
     * @throws ContextFullException if it does not fit; nothing was computed
     * @throws CancellationException if {@code cancel} was cancelled; the batch is undone
     */
    public void decode(LlamaBatch batch, CancelToken cancel) {
        enter();
        try {
            checkBatch(batch);
            ledger.plan(batch);
            cancel.check();
            dropLogits();
            for (int i = 0; i < batch.size(); i++) {
                nativeBatch.set(i, batch.token(i), batch.position(i), batch.sequence(i), batch.output(i) || embeddings);
            }
            nativeBatch.size(batch.size());
            compute(batch.size(), cancel);
            for (int i = 0; i < batch.size(); i++) {
                if (batch.output(i) || embeddings) {
                    outputs.set(i);
                    lastOutput = i;
                }
            }
        } finally {
            exit();
        }
    }

    /** Appends {@code tokens} to sequence 0, in as many batches as needed, with logits for the last one. */
    public void decode(int[] tokens) {
        decode(tokens, 0, CancelToken.create());
    }

    /**
     * Appends {@code tokens} to a sequence, in as many batches as needed, with logits for the last one.
     *
     * @throws CancellationException if {@code cancel} was cancelled; the sequence is as it was before
     */
    public void decode(int[] tokens, int sequence, CancelToken cancel) {
        int before = ledger.length(sequence);
        enter();
        try {
            if (tokens.length == 0) {
                throw new InvalidInputException(name, "tokens", "there are none; give at least one");
            }
            for (int token : tokens) {
                model.vocabulary().require(token);
            }
            if (tokens.length > ledger.free()) {
                throw new ContextFullException(name, tokens.length, ledger.free(), contextLength);
            }
            LlamaBatch batch = LlamaBatch.create(Math.min(tokens.length, batchLimit));
            for (int i = 0; i < tokens.length; i++) {
                batch.add(tokens[i], ledger.length(sequence) + batch.size(), sequence, i == tokens.length - 1);
                if (batch.size() == batch.capacity() || i == tokens.length - 1) {
                    decode(batch, cancel);
                    batch.clear();
                }
            }
        } catch (CancellationException e) {
            truncate(sequence, before);
            throw e;
        } finally {
            exit();
        }
    }

    /** Appends one token to sequence 0, with logits. The path of a generation loop: it allocates nothing. */
    public void decodeToken(int token) {
        enter();
        try {
            model.vocabulary().require(token);
            int position = ledger.planOne(0);
            dropLogits();
            nativeBatch.set(0, token, position, 0, true);
            nativeBatch.size(1);
            compute(1, null);
            outputs.set(0);
            lastOutput = 0;
        } finally {
            exit();
        }
    }

    private void checkBatch(LlamaBatch batch) {
        if (batch.size() == 0) {
            throw new InvalidInputException(name, "batch", "it is empty; add at least one token");
        }
        if (batch.size() > batchLimit) {
            throw new InvalidInputException(
                    name,
                    "batch",
                    batch.size() + " tokens, at most " + batchLimit + " fit; split it or open a context with"
                            + " a larger batch");
        }
        int wanted = embeddings ? batch.size() : batch.outputCount();
        if (wanted > outputLimit) {
            throw new InvalidInputException(
                    name,
                    "batch",
                    wanted + " tokens ask for logits, at most " + outputLimit
                            + " may; open a context with a greater maxOutputs");
        }
        for (int i = 0; i < batch.size(); i++) {
            model.vocabulary().require(batch.token(i));
        }
    }

    private void compute(int tokens, @Nullable CancelToken cancel) {
        if (graphsStale) {
            reserveGraphs(tokens);
        }
        int status;
        long mark = NativeLog.mark();
        if (cancel != null) {
            cancel.enter(stop);
        }
        try {
            if (closing) {
                stop.raise();
            }
            status = thread.callInt("decode", decodeCall);
        } finally {
            if (cancel != null) {
                cancel.leave(stop);
            }
            if (closing == false) {
                stop.lower();
            }
        }
        if (status == OK) {
            ledger.commit();
            return;
        }
        rollBack();
        throw failure(status, tokens, cancel, mark);
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
            nativeBatch.size(1);
            stop.raise();
            thread.callInt("reserve compute buffers", decodeCall);
            thread.run("reserve compute buffers", () -> LlamaCpp.llama_memory_clear(memory, false));
        } finally {
            stop.lower();
            table.unlock();
        }
        nativeBatch.size(tokens);
        graphsStale = false;
    }

    private void rollBack() {
        thread.run("undo batch", () -> {
            for (int sequence = 0; sequence < ledger.sequences(); sequence++) {
                if (ledger.touched(sequence)) {
                    LlamaCpp.llama_memory_seq_rm(memory, sequence, ledger.length(sequence), -1);
                }
            }
        });
    }

    private RuntimeException failure(int status, int tokens, @Nullable CancelToken cancel, long mark) {
        if (closing) {
            return new IllegalStateException(name + " was closed during decode");
        }
        if (status == ABORTED && cancel != null && cancel.isCancelled()) {
            return new CancellationException("decode in " + name + " was cancelled; its batch is undone");
        }
        if (status == FULL) {
            return new ContextFullException(name, tokens, ledger.free(), contextLength);
        }
        return new NativeFailureException("llama_decode in " + name + " returned " + status + ": "
                + NativeLog.since(mark, thread.worker()) + ". The batch is undone; the context goes on.");
    }

    private void dropLogits() {
        outputs.clear();
        lastOutput = -1;
    }

    // ---- outputs ----------------------------------------------------------------------------------------------------

    /** Logits of the last token that asked for them; [V]. */
    public float[] logits() {
        enter();
        try {
            return logits(lastIndex());
        } finally {
            exit();
        }
    }

    /**
     * Logits of a token of the last batch; [V], a copy.
     *
     * @param index of the token in the batch
     * @throws IllegalStateException if that token did not ask for logits, or nothing was decoded since the last change
     */
    public float[] logits(int index) {
        float[] copy = new float[model.vocabulary().size()];
        return withLogits(index, segment -> {
            MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, 0, copy, 0, copy.length);
            return copy;
        });
    }

    /**
     * Lets {@code reader} look at logits in place, read-only; [V] float32. The segment dies when the reader returns,
     * because the next decode may move the buffer.
     */
    public <T> T withLogits(int index, Function<MemorySegment, T> reader) {
        enter();
        try (Arena view = Arena.ofConfined()) {
            MemorySegment row = row(index);
            return reader.apply(
                    row.reinterpret(4L * model.vocabulary().size(), view, null).asReadOnly());
        } finally {
            exit();
        }
    }

    /** The token with the highest logit after the last token that asked for logits; the lowest id among equals. */
    public int argmax() {
        enter();
        try {
            MemorySegment row = row(lastIndex());
            int size = model.vocabulary().size();
            MemorySegment logits = row.reinterpret(4L * size);
            int best = 0;
            float highest = Float.NEGATIVE_INFINITY;
            for (int token = 0; token < size; token++) {
                float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, token);
                if (logit > highest) {
                    highest = logit;
                    best = token;
                }
            }
            return best;
        } finally {
            exit();
        }
    }

    /** Index in the last batch of the last token that has logits. */
    int lastIndex() {
        if (lastOutput < 0) {
            throw new IllegalStateException(
                    name + " has no logits: decode a token that asks for them first (a change of adapters drops them)");
        }
        return lastOutput;
    }

    private MemorySegment row(int index) {
        requireOutput(index);
        MemorySegment row = LlamaCpp.llama_get_logits_ith(pointer, index);
        if (row.address() == 0) {
            throw new NativeFailureException(name + ": llama.cpp has no logits for token " + index);
        }
        return row;
    }

    void requireOutput(int index) {
        lastIndex();
        if (index < 0 || outputs.get(index) == false) {
            throw new IllegalStateException(
                    name + ": token " + index + " of the last batch has no logits; those with logits are " + outputs);
        }
    }

    /** Hidden state of the last layer for a token of the last batch; [C of the model]. */
    public float[] embedding(int index) {
        enter();
        try {
            if (embeddings == false) {
                throw new IllegalStateException(name + " was opened without embeddings");
            }
            requireOutput(index);
            int width = model.shape().hidden();
            return LlamaCpp.llama_get_embeddings_ith(pointer, index)
                    .reinterpret(4L * width)
                    .toArray(ValueLayout.JAVA_FLOAT);
        } finally {
            exit();
        }
    }

    // ---- sequences --------------------------------------------------------------------------------------------------

    /** Forgets all sequences. The adapter set stays. */
    public void clear() {
        onSequences("clear", this::dropCache);
    }

    /** Forgets {@code sequence} from position {@code length} on. */
    public void truncate(int sequence, int length) {
        onSequences("truncate", () -> {
            int present = ledger.length(sequence);
            if (length < 0 || length > present) {
                throw new InvalidInputException(
                        name,
                        "length",
                        length + " given, but sequence " + sequence + " holds " + present + " positions");
            }
            LlamaCpp.llama_memory_seq_rm(memory, sequence, length, -1);
            ledger.truncate(sequence, length);
        });
    }

    /** Forgets {@code sequence}. */
    public void remove(int sequence) {
        truncate(sequence, 0);
    }

    /** Gives {@code to}, which must be empty, everything that {@code from} holds; the cells are shared, not copied. */
    public void copy(int from, int to) {
        onSequences("copy", () -> {
            ledger.require(from);
            if (ledger.length(to) > 0) {
                throw new InvalidInputException(
                        name, "sequence", to + " holds " + ledger.length(to) + " positions; remove it first");
            }
            LlamaCpp.llama_memory_seq_cp(memory, from, to, -1, -1);
            ledger.copy(from, to);
        });
    }

    /** Forgets every sequence but one. */
    public void keepOnly(int sequence) {
        onSequences("keep", () -> {
            ledger.require(sequence);
            LlamaCpp.llama_memory_seq_keep(memory, sequence);
            ledger.keepOnly(sequence);
        });
    }

    private void onSequences(String what, Runnable change) {
        enter();
        try {
            dropLogits();
            thread.run(what, change);
        } finally {
            exit();
        }
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    /**
     * Runs a loop of calls to this context on its native thread: one hand-off between threads for all of them instead of
     * one for each call. On a machine whose processors are shared, a hand-off can take milliseconds. If llama.cpp
     * asserts inside, the loop never ends there, and the caller gets the NativeFailureException.
     *
     * @param loop calls this context and its samplers as usual; what it throws is thrown here
     * @return what the loop returns, never null
     */
    public <T> T onNativeThread(Supplier<T> loop) {
        return thread.call("loop on " + name, loop);
    }

    /** Runs {@code call} on this context's native thread, for sampler chains. The caller has entered. */
    int onThread(String what, IntSupplier call) {
        return thread.callInt(what, call);
    }

    MemorySegment pointer() {
        return pointer;
    }

    void enter() {
        if (use.tryLock() == false) {
            throw new IllegalStateException(name + " is in use by " + user
                    + "; a context serves one thread at a time, open" + " another one on the same model");
        }
        if (closed || closing) {
            use.unlock();
            throw new IllegalStateException("LlamaContext " + name + " is closed");
        }
        user = Thread.currentThread();
    }

    void exit() {
        if (use.getHoldCount() == 1) {
            user = null;
        }
        use.unlock();
    }

    /** Cancels a decode in progress, waits for it, then frees the context. Idempotent, from any thread. */
    @Override
    public void close() {
        if (use.isHeldByCurrentThread()) {
            throw new IllegalStateException(name + " is being closed from inside one of its own calls");
        }
        closing = true;
        stop.raise();
        use.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            attached.entries().forEach(entry -> entry.adapter().release(this));
            attached = AdapterSet.EMPTY;
            model.forget(this);
            if (model.isPoisoned()) {
                return; // the parked thread may still use it: left in memory, as LlamaModel.close says
            }
            thread.run("free " + name, () -> LlamaCpp.llama_free(pointer));
            thread.close();
            arena.close();
        } finally {
            use.unlock();
        }
    }

    @Override
    public String toString() {
        return "LlamaContext " + name + " of " + model;
    }
}
