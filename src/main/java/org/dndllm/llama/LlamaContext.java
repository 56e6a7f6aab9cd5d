package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.dndllm.InvalidInputException;
import org.dndllm.bindings.LlamaCpp;

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

    private final LlamaModel model;
    private final String name = "context-" + COUNT.incrementAndGet();
    private final int contextLength;
    private final BatchLimits limits;
    private final Arena arena = Arena.ofShared();
    private final NativeThread thread;
    private final boolean ownsThread;
    private final SequenceLedger ledger;
    private final MemorySegment pointer;
    private final ContextAdapters adapters;
    private final ContextSequences sequences;
    private final ContextStates states;
    private final ContextDecoder decoder;
    private final ContextOutputs outputs;
    private final ContextInput input;
    private final ContextUse use = new ContextUse(name);
    private volatile boolean closed;

    /** @param shared the thread of a {@link ContextThread}; without one the context gets a thread of its own */
    LlamaContext(
            LlamaModel model,
            MemorySegment modelPointer,
            NativeThread.Domain domain,
            Optional<NativeThread> shared,
            ContextOptions options) {
        this.model = model;
        contextLength = ContextSize.of(model, options);
        ownsThread = shared.isEmpty();
        thread = shared.orElseGet(() -> new NativeThread(domain, name));
        try {
            pointer = ContextSize.create(name, thread, modelPointer, options, contextLength);
        } catch (RuntimeException e) {
            endThread();
            arena.close();
            throw e;
        }
        limits = new BatchLimits(
                name,
                model.vocabulary(),
                LlamaCpp.llama_n_batch(pointer),
                options.effectiveOutputs(),
                options.embeddings());
        NativeBatch batch = new NativeBatch(arena, limits.tokens());
        ledger = new SequenceLedger(name, options.sequences(), contextLength);
        adapters = new ContextAdapters(this, pointer, thread);
        sequences = new ContextSequences(name, LlamaCpp.llama_get_memory(pointer), ledger);
        states = new ContextStates(this, pointer, thread, ledger);
        decoder = new ContextDecoder(model, name, pointer, thread, batch, ledger, sequences);
        outputs = new ContextOutputs(model, name, pointer, options.embeddings());
        input = new ContextInput(name, model.vocabulary(), limits, ledger, batch, decoder, outputs);
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
        return limits.tokens();
    }

    /** Tokens of one decode that may ask for logits. */
    public int maxOutputs() {
        return limits.outputs();
    }

    /** Sequences that may be alive at once, numbered from 0. */
    public int sequences() {
        return ledger.sequences();
    }

    /** Positions that {@code sequence} holds; its next token goes there. */
    public int length(int sequence) {
        return ledger.length(sequence);
    }

    /** The adapter set in use. */
    public AdapterSet attached() {
        return adapters.attached();
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
            if (set.equals(adapters.attached())) {
                return;
            }
            adapters.require(set);
            adapters.replace(set, this::dropCache);
            decoder.adaptersChanged();
        } finally {
            exit();
        }
    }

    /** Back to the base model: {@code attach(AdapterSet.EMPTY)}. */
    public void detach() {
        attach(AdapterSet.EMPTY);
    }

    private void dropCache() {
        outputs.drop();
        sequences.clear(adapters.attached().isEmpty() == false);
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
            input.decode(batch, cancel);
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
            input.decode(tokens, sequence, cancel);
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
            input.decodeToken(token);
        } finally {
            exit();
        }
    }

    /**
     * Appends a prompt with images to a sequence, whole or not at all, with logits for its last token.
     *
     * @return positions that the sequence holds now
     */
    int decode(ImagePrompt prompt, int sequence, CancelToken cancel) {
        enter();
        try {
            int before = ledger.length(sequence);
            ledger.planPrompt(sequence, prompt.positions(), prompt.tokens());
            cancel.check();
            outputs.drop();
            decoder.compute(
                    ImagePrompt.DECODE,
                    () -> prompt.decode(pointer, before, sequence, limits.tokens()),
                    prompt.tokens(),
                    cancel);
            outputs.add(prompt.lastOutput(limits.tokens()));
            return ledger.length(sequence);
        } finally {
            exit();
        }
    }

    // ---- outputs ----------------------------------------------------------------------------------------------------

    /** Logits of the last token that asked for them; [V]. */
    public float[] logits() {
        return using(() -> outputs.copy(outputs.lastIndex()));
    }

    /**
     * Logits of a token of the last batch; [V], a copy.
     *
     * @param index of the token in the batch
     * @throws IllegalStateException if that token did not ask for logits, or nothing was decoded since the last change
     */
    public float[] logits(int index) {
        return using(() -> outputs.copy(index));
    }

    /**
     * Lets {@code reader} look at logits in place, read-only; [V] float32. The segment dies when the reader returns,
     * because the next decode may move the buffer.
     */
    public <T> T withLogits(int index, Function<MemorySegment, T> reader) {
        return using(() -> outputs.read(index, reader));
    }

    /** The token with the highest logit after the last token that asked for logits; the lowest id among equals. */
    public int argmax() {
        return using(() -> outputs.argmax(outputs.lastIndex()));
    }

    /** The token with the highest logit after a token of the last batch; the lowest id among equals. */
    public int argmax(int index) {
        enter();
        try {
            return outputs.argmax(index);
        } finally {
            exit();
        }
    }

    /** For sampler chains, which ask for the last token or check another before they sample; the caller has entered. */
    ContextOutputs outputs() {
        return outputs;
    }

    /** Hidden state of the last layer for a token of the last batch; [C of the model]. */
    public float[] embedding(int index) {
        return using(() -> outputs.embedding(index));
    }

    // ---- sequences --------------------------------------------------------------------------------------------------

    /** Forgets all sequences. The adapter set stays. */
    public void clear() {
        onSequences("clear", this::dropCache);
    }

    /**
     * Forgets {@code sequence} from position {@code length} on.
     *
     * @throws InvalidInputException if it holds less, or if that would cut off a part of a prompt with images
     */
    public void truncate(int sequence, int length) {
        onSequences("truncate", () -> sequences.truncate(sequence, length));
    }

    /** Forgets {@code sequence}. */
    public void remove(int sequence) {
        truncate(sequence, 0);
    }

    /** Gives {@code to}, which must be empty, everything that {@code from} holds; the cells are shared, not copied. */
    public void copy(int from, int to) {
        onSequences("copy", () -> sequences.copy(from, to));
    }

    /**
     * Copies what {@code sequence} holds out of the KV cache; the sequence stays. Every token attends over all cells up to
     * the highest one in use, masked or not, so a sequence that only waits is cheaper outside.
     *
     * @throws InvalidInputException if it holds nothing
     * @throws org.dndllm.EnvironmentException if there is no memory for the copy
     */
    public SavedSequence save(int sequence) {
        return using(() -> {
            outputs.drop();
            return states.save(sequence);
        });
    }

    /**
     * Puts a saved sequence back, bit for bit, under this or another number, which must be empty.
     *
     * @throws IllegalArgumentException if another context or adapter set computed it
     * @throws ContextFullException if there is no room
     */
    public void restore(SavedSequence saved, int sequence) {
        onSequences("restore sequence", () -> states.restore(saved, sequence));
    }

    /** Forgets every sequence but one. */
    public void keepOnly(int sequence) {
        onSequences("keep", () -> sequences.keepOnly(sequence));
    }

    private void onSequences(String what, Runnable change) {
        enter();
        try {
            outputs.drop();
            thread.run(what, change);
        } finally {
            exit();
        }
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    /**
     * Runs a loop of calls to this context on its native thread: one hand-off between threads for all of them instead of
     * one for each call. On a machine whose processors are shared, a hand-off can take milliseconds. If llama.cpp
     * asserts inside, the loop never ends there, and the caller gets the NativeFailureException. For one loop over several
     * contexts see {@link ContextThread}.
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

    private <T> T using(Supplier<T> call) {
        enter();
        try {
            return call.get();
        } finally {
            exit();
        }
    }

    MemorySegment pointer() {
        return pointer;
    }

    void enter() {
        use.begin();
        if (closed || decoder.isShutDown()) {
            use.end();
            throw new IllegalStateException("LlamaContext " + name + " is closed");
        }
    }

    void exit() {
        use.end();
    }

    /** Cancels a decode in progress, waits for it, then frees the context. Idempotent, from any thread. */
    @Override
    public void close() {
        use.requireOther();
        decoder.shutDown();
        use.await();
        try {
            if (closed) {
                return;
            }
            closed = true;
            adapters.release();
            states.close();
            model.forget(this);
            if (model.isPoisoned()) {
                return; // the parked thread may still use it: left in memory, as LlamaModel.close says
            }
            thread.run("free " + name, () -> LlamaCpp.llama_free(pointer));
            endThread();
            arena.close();
        } finally {
            use.end();
        }
    }

    private void endThread() {
        if (ownsThread) {
            thread.close();
        }
    }

    @Override
    public String toString() {
        return "LlamaContext " + name + " of " + model;
    }
}
