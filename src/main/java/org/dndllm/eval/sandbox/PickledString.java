package org.dndllm.eval.sandbox;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * The one string of a pickle that holds nothing else, protocols 2 to 5. Any other opcode ends the reading; nothing in a
 * pickle is ever run. Source: the opcode table of CPython's {@code pickletools}.
 */
final class PickledString {
    private final ByteBuffer in;
    private final String source;
    private final String field;

    PickledString(byte[] pickle, String source, String field) {
        this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
        this.source = source;
        this.field = field;
    }

    String read() {
        String text = null;
        try {
            while (true) {
                int opcode = Byte.toUnsignedInt(in.get());
                switch (opcode) {
                    case 0x80, 'q' -> in.get(); // PROTO, BINPUT
                    case 0x95 -> in.getLong(); // FRAME
                    case 'r' -> in.getInt(); // LONG_BINPUT
                    case 0x94 -> {} // MEMOIZE
                    case 0x8c -> text = only(text, Byte.toUnsignedInt(in.get())); // SHORT_BINUNICODE
                    case 'X' -> text = only(text, Integer.toUnsignedLong(in.getInt())); // BINUNICODE
                    case 0x8d -> text = only(text, in.getLong()); // BINUNICODE8
                    case '.' -> {
                        if (text == null) {
                            throw wrong("holds no string");
                        }
                        return text;
                    }
                    default -> throw wrong("has the opcode " + opcode);
                }
            }
        } catch (BufferUnderflowException e) {
            throw new InvalidInputException(source, field, "ends inside a pickle; download the set again", e);
        }
    }

    private String only(@Nullable String before, long length) {
        if (before != null) {
            throw wrong("holds more than a string");
        }
        if (length < 0 || length > in.remaining()) {
            throw wrong("holds a string of " + length + " bytes, with " + in.remaining() + " left");
        }
        byte[] utf8 = new byte[(int) length];
        in.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException(
                source, field, "is a pickle that " + problem + ", expected one string; download the set again");
    }
}
