package org.dndllm.onnx;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A constant of a graph: its bytes are with the source until the model is written. */
record Initializer(String name, OnnxType type, List<Long> shape, InitializerSource source) {
    Initializer {
        shape = List.copyOf(shape);
    }

    long byteSize() {
        long elements = 1;
        for (long dim : shape) {
            elements = Math.multiplyExact(elements, dim);
        }
        return Math.multiplyExact(elements, type.bytes());
    }

    /** Hands every byte to the sink and checks that the source gave as many as the shape says. */
    void stream(InitializerSource.Sink sink) throws IOException {
        long[] given = {0};
        source.writeTo(bytes -> {
            given[0] += bytes.byteSize();
            sink.put(bytes);
        });
        if (given[0] != byteSize()) {
            throw new IllegalStateException("initializer " + name + " " + type + shape + ": the source gave " + given[0]
                    + " bytes, the shape needs " + byteSize());
        }
    }

    byte[] toBytes() throws IOException {
        byte[] bytes = new byte[Math.toIntExact(byteSize())];
        MemorySegment target = MemorySegment.ofArray(bytes);
        long[] at = {0};
        stream(piece -> {
            if (at[0] + piece.byteSize() <= bytes.length) {
                MemorySegment.copy(piece, ValueLayout.JAVA_BYTE, 0, target, ValueLayout.JAVA_BYTE, at[0], piece.byteSize());
            }
            at[0] += piece.byteSize();
        });
        return bytes;
    }
}
