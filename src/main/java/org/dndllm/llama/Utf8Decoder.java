package org.dndllm.llama;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Turns the bytes of tokens into text as they come: a character that is split over tokens appears once it is whole.
 * Malformed bytes become U+FFFD as in Java's own decoder, so all pieces together read like the bytes decoded at once.
 * One thread at a time.
 */
public final class Utf8Decoder {
    private static final int LONGEST = 4;

    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);

    private byte[] pending = new byte[0]; // begins a character that is not whole yet; shorter than LONGEST

    /** The text that {@code bytes} completes; empty while a character is still growing. */
    public String decode(byte[] bytes) {
        byte[] joined = new byte[pending.length + bytes.length];
        System.arraycopy(pending, 0, joined, 0, pending.length);
        System.arraycopy(bytes, 0, joined, pending.length, bytes.length);
        ByteBuffer in = ByteBuffer.wrap(joined);
        CharBuffer out = CharBuffer.allocate(joined.length + 1);
        decoder.decode(in, out, false);
        pending = new byte[in.remaining()];
        in.get(pending);
        return out.flip().toString();
    }

    /** What is left at the end: an unfinished character gives U+FFFD. The decoder can be used anew. */
    public String flush() {
        CharBuffer out = CharBuffer.allocate(LONGEST);
        decoder.decode(ByteBuffer.wrap(pending), out, true);
        decoder.flush(out);
        decoder.reset();
        pending = new byte[0];
        return out.flip().toString();
    }
}
