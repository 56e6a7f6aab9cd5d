package org.dndllm.synth;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * GPT-2's one printable character per byte: visible Latin-1 characters stand for themselves, the other 68 bytes for
 * U+0100 onwards in byte order. Symbols are numbered by code point, as in the published vocabularies.
 */
final class ByteAlphabet {
    static final int SIZE = 256;

    private static final char[] CHAR_OF_BYTE = new char[SIZE];
    private static final char[] CHAR_OF_SYMBOL = new char[SIZE];
    private static final int[] SYMBOL_OF_BYTE = new int[SIZE];

    static {
        char next = 0x100;
        for (int b = 0; b < SIZE; b++) {
            CHAR_OF_BYTE[b] = visible(b) ? (char) b : next++;
        }
        char[] sorted = CHAR_OF_BYTE.clone();
        Arrays.sort(sorted);
        System.arraycopy(sorted, 0, CHAR_OF_SYMBOL, 0, SIZE);
        for (int b = 0; b < SIZE; b++) {
            SYMBOL_OF_BYTE[b] = Arrays.binarySearch(sorted, CHAR_OF_BYTE[b]);
        }
    }

    private ByteAlphabet() {}

    /** The character that stands for a symbol. */
    static char character(int symbol) {
        return CHAR_OF_SYMBOL[symbol];
    }

    /** A text's UTF-8 bytes as symbols. */
    static int[] symbols(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] symbols = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            symbols[i] = SYMBOL_OF_BYTE[bytes[i] & 0xff];
        }
        return symbols;
    }

    private static boolean visible(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
    }
}
