package org.dndllm.onnx;

import java.nio.charset.StandardCharsets;
import org.dndllm.InvalidInputException;

/** The part of the protobuf wire format that ONNX needs, read field by field from a range of bytes. */
final class ProtoReader {
    private final byte[] bytes;
    private final String source;
    private final int end;
    private int at;
    private int field;
    private int wireType;

    ProtoReader(byte[] bytes, String source) {
        this(bytes, source, 0, bytes.length);
    }

    private ProtoReader(byte[] bytes, String source, int from, int end) {
        this.bytes = bytes;
        this.source = source;
        this.at = from;
        this.end = end;
    }

    /** Goes to the next field; false at the end. Its value must be taken or skipped before the next call. */
    boolean next() {
        if (at == end) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        wireType = (int) (tag & 7);
        return true;
    }

    int field() {
        return field;
    }

    long integer() {
        require(0);
        return varint();
    }

    float float32() {
        require(5);
        advance(Float.BYTES);
        int bits = 0;
        for (int i = 1; i <= Float.BYTES; i++) {
            bits = bits << 8 | bytes[at - i] & 0xff;
        }
        return Float.intBitsToFloat(bits);
    }

    String text() {
        int length = length();
        String text = new String(bytes, at, length, StandardCharsets.UTF_8);
        at += length;
        return text;
    }

    ProtoReader message() {
        int length = length();
        at += length;
        return new ProtoReader(bytes, source, at - length, at);
    }

    /** Skips bytes and tells where they begin and how many they are. */
    long[] range() {
        int length = length();
        at += length;
        return new long[] {at - length, length};
    }

    void skip() {
        switch (wireType) {
            case 0 -> varint();
            case 1 -> advance(8);
            case 2 -> range();
            case 5 -> advance(4);
            default -> throw malformed("has wire type " + wireType);
        }
    }

    InvalidInputException malformed(String problem) {
        return new InvalidInputException(
                source, "byte " + at, problem + "; this is no ONNX file, or a damaged one: take another copy");
    }

    private int length() {
        require(2);
        long length = varint();
        if (length < 0 || length > end - at) {
            throw malformed("a field of " + length + " bytes does not fit into " + (end - at));
        }
        return (int) length;
    }

    private void require(int expected) {
        if (wireType != expected) {
            throw malformed("field " + field + " has wire type " + wireType + ", expected " + expected);
        }
    }

    private void advance(int count) {
        if (count > end - at) {
            throw malformed("ends within a field");
        }
        at += count;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            advance(1);
            value |= (long) (bytes[at - 1] & 0x7f) << shift;
            if (bytes[at - 1] >= 0) {
                return value;
            }
        }
        throw malformed("has a number of more than ten bytes");
    }
}
