package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import org.dndllm.bindings.LlamaCpp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A decode is stopped in the middle of one native batch, and the context is as if it had never begun. */
class CancelIT {
    /** One batch, one graph: attention over it is some seconds of work even for the tiny model. */
    private static final int LONG = 8192;

    private static final int PREFIX = 20;
    private static final ContextOptions OPTIONS =
            new ContextOptions(LONG + PREFIX, true, LONG, LONG, 1, 1, 1, false, ContextOptions.FlashAttention.ON);

    @TempDir
    Path folder;

    @Test
    void cancel_insideOneNativeBatch_returnsEarlyAndUndoesIt() throws Exception {
        int[] prefix = tokens(PREFIX, 1);
        int[] prompt = tokens(LONG, 2);
        try (LlamaModel model = TinyModel.open(folder);
                ExecutorService canceller = Executors.newSingleThreadExecutor()) {
            // given: what the same work gives, and how long it takes, undisturbed
            float[] expectedNext;
            float[] expectedLong;
            long whole;
            try (LlamaContext calm = model.newContext(OPTIONS)) {
                calm.decode(prefix);
                calm.decodeToken(7);
                expectedNext = calm.logits();
                calm.truncate(0, PREFIX);
                long start = System.nanoTime();
                calm.decode(prompt, 0, CancelToken.create());
                whole = System.nanoTime() - start;
                expectedLong = calm.logits();
            }
            try (LlamaContext context = model.newContext(OPTIONS)) {
                assertThat(context.batchSize()).isEqualTo(LONG);
                context.decode(prefix);
                CancelToken cancel = CancelToken.create();

                // when: cancelled while the native call runs, long before it would end even on a machine that is idle
                // now
                Future<?> cancelling = canceller.submit(() -> {
                    awaitNativeDecode();
                    LockSupport.parkNanos(whole / 50);
                    cancel.cancel();
                });
                assertThatThrownBy(() -> context.decode(prompt, 0, cancel))
                        .isInstanceOf(CancellationException.class)
                        .hasMessageContainingAll(context.name(), "its batch is undone");
                cancelling.get();

                // then: llama.cpp itself gave up (that message comes with no other status), and nothing of it is left
                // in
                // the KV cache
                assertThat(context.length(0)).isEqualTo(PREFIX);
                assertThat(lastPosition(context)).isEqualTo(PREFIX - 1);
                assertThatThrownBy(context::logits).isInstanceOf(IllegalStateException.class);

                // and the context goes on with the very same logits
                context.decodeToken(7);
                assertThat(context.logits()).isEqualTo(expectedNext);
                context.truncate(0, PREFIX);
                context.decode(prompt, 0, CancelToken.create());
                assertThat(context.logits()).isEqualTo(expectedLong);
            }
        }
    }

    private static int lastPosition(LlamaContext context) {
        return LlamaCpp.llama_memory_seq_pos_max(LlamaCpp.llama_get_memory(context.pointer()), 0);
    }

    private static void awaitNativeDecode() {
        while (isDecoding() == false) {
            Thread.onSpinWait();
        }
    }

    private static boolean isDecoding() {
        for (NativeThread thread : NativeThread.busy()) {
            if (thread.currentCall().equals("decode")) {
                return true;
            }
        }
        return false;
    }

    private static int[] tokens(int count, long seed) {
        return new Random(seed).ints(count, 0, TinyModel.SHAPE.vocab()).toArray();
    }
}
