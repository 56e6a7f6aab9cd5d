package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.dndllm.InvalidInputException;

/** A position in a GGUF header that checks every step against the end and names file and field when it cannot go on. */
final class GgufCursor {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes;
    private final String source;
    private long at;

    GgufCursor(MemorySegment bytes, String source) {
        this.bytes = bytes;
        this.source = source;
    }

    long position() {
        return at;
    }

    long remaining() {
        return bytes.byteSize() - at;
    }

    InvalidInputException fault(String field, String problem) {
        return new InvalidInputException(source, field, problem);
    }

    byte int8(String field) {
        return bytes.get(ValueLayout.JAVA_BYTE, advance(1, field));
    }

    short int16(String field) {
        return bytes.get(SHORT, advance(2, field));
    }

    int int32(String field) {
        return bytes.get(INT, advance(4, field));
    }

    long int64(String field) {
        return bytes.get(LONG, advance(8, field));
    }

    float float32(String field) {
        return Float.intBitsToFloat(int32(field));
    }

    double float64(String field) {
        return Double.longBitsToDouble(int64(field));
    }

    /** One byte that is 0 or 1. */
    boolean bool(String field) {
        byte value = int8(field);
        if (value != 0 && value != 1) {
            throw fault(field, "truth value is " + value + "; expected 0 or 1; the file is damaged");
        }
        return value == 1;
    }

    /** A 64-bit length and that many bytes of strict UTF-8. */
    String string(String field, long limit) {
        long length = int64(field);
        if (length < 0 || length > limit) {
            throw fault(
                    field,
                    "string length is " + Long.toUnsignedString(length) + "; expected at most " + limit
                            + " bytes; the file is damaged");
        }
        byte[] text = new byte[(int) requireLeft(length, field)];
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, advance(length, field), text, 0, text.length);
        return decode(text, field);
    }

    /** Refuses early what cannot fit any more, before anything is allocated for it. */
    long requireLeft(long needed, String field) {
        if (needed > remaining()) {
            throw fault(
                    field,
                    "the file ends at byte " + bytes.byteSize() + ", but " + needed
                            + " more bytes are needed from byte " + at
                            + "; it is truncated or damaged, fetch or write it again");
        }
        return needed;
    }

    private long advance(long count, String field) {
        requireLeft(count, field);
        long start = at;
        at += count;
        return start;
    }

    private String decode(byte[] text, String field) {
        for (byte b : text) {
            if (b < 0) {
                return decodeStrictly(text, field);
            }
        }
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private String decodeStrictly(byte[] text, String field) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(source, field, "string is not valid UTF-8; the file is damaged", e);
        }
    }
}
