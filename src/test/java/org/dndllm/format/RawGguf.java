package org.dndllm.format;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Little-endian bytes put together by hand, so that tests can say anything a writer would refuse to. */
final class RawGguf {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Magic, version 3 and the two counts. */
    static RawGguf head(long tensors, long keys) {
        return new RawGguf().text("GGUF").u32(3).u64(tensors).u64(keys);
    }

    RawGguf text(String text) {
        return raw(text.getBytes(StandardCharsets.UTF_8));
    }

    RawGguf raw(byte... more) {
        bytes.writeBytes(more);
        return this;
    }

    RawGguf u8(int value) {
        return raw((byte) value);
    }

    RawGguf u32(long value) {
        return raw(buffer().putInt((int) value).array(), 4);
    }

    RawGguf u64(long value) {
        return raw(buffer().putLong(value).array(), 8);
    }

    /** Length and UTF-8. */
    RawGguf string(String text) {
        return u64(text.getBytes(StandardCharsets.UTF_8).length).text(text);
    }

    /** Key and type of a metadata entry. */
    RawGguf key(String key, GgufType type) {
        return string(key).u32(type.id());
    }

    /** A whole tensor entry. */
    RawGguf tensor(String name, int type, long offset, long... dims) {
        string(name).u32(dims.length);
        for (long dim : dims) {
            u64(dim);
        }
        return u32(type).u64(offset);
    }

    /** Zeros up to a multiple of the alignment. */
    RawGguf align(int alignment) {
        while (bytes.size() % alignment != 0) {
            u8(0);
        }
        return this;
    }

    RawGguf zeros(int count) {
        return raw(new byte[count]);
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    private RawGguf raw(byte[] more, int count) {
        bytes.write(more, 0, count);
        return this;
    }

    private static ByteBuffer buffer() {
        return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    }
}
