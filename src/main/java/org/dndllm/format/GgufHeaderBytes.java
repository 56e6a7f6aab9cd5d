package org.dndllm.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A growing little-endian buffer that knows how GGUF spells values. */
final class GgufHeaderBytes {
    private ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

    void int32(int value) {
        room(4).putInt(value);
    }

    void int64(long value) {
        room(8).putLong(value);
    }

    void string(String text) {
        string(text.getBytes(StandardCharsets.UTF_8));
    }

    void string(byte[] utf8) {
        room(8 + (long) utf8.length).putLong(utf8.length).put(utf8);
    }

    void value(GgufValue value) {
        switch (value.value()) {
            case String text -> string(text);
            case Boolean truth -> bool(truth);
            case Float number -> int32(Float.floatToRawIntBits(number));
            case Double number -> int64(Double.doubleToRawLongBits(number));
            case Long number -> integer(value.type(), number);
            case GgufArray array -> array(array);
            default -> throw new AssertionError(value.value().getClass());
        }
    }

    private void array(GgufArray array) {
        int32(array.elementType().id());
        int64(array.size());
        switch (array.values()) {
            case List<?> texts -> texts.forEach(text -> string((String) text));
            case long[] numbers -> {
                for (long number : numbers) {
                    integer(array.elementType(), number);
                }
            }
            case float[] numbers -> {
                for (float number : numbers) {
                    int32(Float.floatToRawIntBits(number));
                }
            }
            case double[] numbers -> {
                for (double number : numbers) {
                    int64(Double.doubleToRawLongBits(number));
                }
            }
            case boolean[] truths -> {
                for (boolean truth : truths) {
                    bool(truth);
                }
            }
            default -> throw new AssertionError(array.elementType());
        }
    }

    private void bool(boolean truth) {
        room(1).put((byte) (truth ? 1 : 0));
    }

    private void integer(GgufType type, long number) {
        switch (type.minimumBytes()) {
            case 1 -> room(1).put((byte) number);
            case 2 -> room(2).putShort((short) number);
            case 4 -> room(4).putInt((int) number);
            default -> room(8).putLong(number);
        }
    }

    /** What was written, padded with zeros to a multiple of the alignment. */
    byte[] bytes(long alignment) {
        int size = buffer.position();
        byte[] padded = new byte[Math.toIntExact(GgufParser.padded(size, alignment))];
        buffer.get(0, padded, 0, size);
        return padded;
    }

    private ByteBuffer room(long needed) {
        if (buffer.remaining() < needed) {
            int capacity = Math.toIntExact(Math.max(2L * buffer.capacity(), buffer.position() + needed));
            buffer =
                    ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(buffer.flip());
        }
        return buffer;
    }
}
