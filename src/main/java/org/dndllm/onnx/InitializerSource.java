package org.dndllm.onnx;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Bytes of an initializer, asked for while the model is written, so that weights larger than memory can stream. It may
 * be asked more than once and must then give the same bytes.
 */
@FunctionalInterface
public interface InitializerSource {
    /** Puts all bytes, row-major and little-endian, in any number of pieces. */
    void writeTo(Sink sink) throws IOException;

    /** Takes pieces of an initializer in order. */
    @FunctionalInterface
    interface Sink {
        /** Takes the next bytes; the segment may be reused after the call. */
        void put(MemorySegment bytes) throws IOException;
    }
}
