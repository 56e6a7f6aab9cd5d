package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import org.dndllm.EnvironmentException;
import org.dndllm.bindings.LlamaCpp;

/**
 * Tells a running decode to stop. llama.cpp asks {@code bool (*)(void * data)} before every node of the graph (hundreds
 * per token); we lend it C's own {@code strlen} with a two-byte string as data: the empty string reads as false, a string
 * of one character as true. So no call comes up into Java from the middle of a matrix product, and stopping is one
 * store. llama.h: llama_set_abort_callback; works for CPU graphs, elsewhere between batches only.
 */
final class StopFlag {
    private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();

    private final MemorySegment text; // [2] flag character, terminator

    StopFlag() {
        // Two bytes that live as long as anyone can raise them: close() may do so from any thread, also twice.
        text = Arena.ofAuto().allocate(2);
    }

    void install(MemorySegment context) {
        MemorySegment strlen = CStandard.strlen()
                .orElseThrow(() -> new EnvironmentException(
                        "The C library of this platform does not export strlen, which cancelling needs; use a platform"
                                + " with a standard C library."));
        LlamaCpp.llama_set_abort_callback(context, strlen, text);
    }

    void raise() {
        BYTE.setVolatile(text, 0L, (byte) 1);
    }

    void lower() {
        BYTE.setVolatile(text, 0L, (byte) 0);
    }
}
