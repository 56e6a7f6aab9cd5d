package org.dndllm.llama;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalInt;
import org.dndllm.InvalidInputException;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;

/** The tokens of a model and the way between them and text. Lives as long as its model; thread-safe. */
public final class Vocabulary {
    private static final int PIECE_BYTES = 256;

    private final LlamaModel model;
    private final MemorySegment pointer;
    private final int size;
    private final Optional<String> defaultSystem;

    /** @param chatTemplate {@code tokenizer.chat_template} of the model */
    Vocabulary(LlamaModel model, MemorySegment pointer, Optional<String> chatTemplate) {
        this.model = model;
        this.pointer = pointer;
        defaultSystem = ChatTemplate.defaultSystem(chatTemplate);
        size = LlamaCpp.llama_vocab_n_tokens(pointer);
    }

    /** What stands before a chat without a system message, where the model's own template puts something there. */
    public Optional<String> defaultSystem() {
        return defaultSystem;
    }

    /** Number of tokens V. */
    public int size() {
        return size;
    }

    /**
     * Text to tokens; nothing is put before or after them.
     *
     * @param special whether the names of special tokens in the text, such as {@code <|im_end|>}, become those tokens;
     *     {@code false} for every text that comes from outside
     */
    public int[] tokenize(String text, boolean special) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length == 0) {
            return new int[0];
        }
        // A token covers at least one byte, so this is always enough.
        int capacity = utf8.length + 2;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment in = arena.allocate(utf8.length);
            MemorySegment.copy(utf8, 0, in, ValueLayout.JAVA_BYTE, 0, utf8.length);
            MemorySegment out = arena.allocate(ValueLayout.JAVA_INT, capacity);
            int count = model.onThread(
                    "tokenize", () -> LlamaCpp.llama_tokenize(pointer, in, utf8.length, out, capacity, false, special));
            if (count < 0) {
                throw new NativeFailureException("llama_tokenize asked for " + -count + " tokens for " + utf8.length
                        + " bytes; at most " + capacity + " were expected");
            }
            return out.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_INT);
        }
    }

    /**
     * The bytes of a token: a piece of UTF-8 that may begin or end within a character ({@link Utf8Decoder}).
     *
     * @param special whether special tokens give their name; otherwise they give nothing
     */
    public byte[] piece(int token, boolean special) {
        require(token);
        return model.whileOpen(() -> openPiece(token, special));
    }

    private byte[] openPiece(int token, boolean special) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(PIECE_BYTES);
            int length = LlamaCpp.llama_token_to_piece(pointer, token, buffer, PIECE_BYTES, 0, special);
            if (length < 0) {
                buffer = arena.allocate(-length);
                length = LlamaCpp.llama_token_to_piece(pointer, token, buffer, -length, 0, special);
            }
            return buffer.asSlice(0, Math.max(0, length)).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Tokens to text; bytes that are not UTF-8 become U+FFFD. */
    public String detokenize(int[] tokens, boolean special) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int token : tokens) {
            bytes.writeBytes(piece(token, special));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Whether generation ends with this token. */
    public boolean isEndOfGeneration(int token) {
        require(token);
        return model.whileOpen(() -> LlamaCpp.llama_vocab_is_eog(pointer, token));
    }

    /** Whether the token is a control token such as {@code <|im_start|>}. */
    public boolean isControl(int token) {
        require(token);
        return model.whileOpen(() -> LlamaCpp.llama_vocab_is_control(pointer, token));
    }

    /** The token that ends a document, where the model names one. */
    public OptionalInt endOfSequence() {
        return optional(model.whileOpen(() -> LlamaCpp.llama_vocab_eos(pointer)));
    }

    /** The token that ends a turn of a chat, where the model names one. */
    public OptionalInt endOfTurn() {
        return optional(model.whileOpen(() -> LlamaCpp.llama_vocab_eot(pointer)));
    }

    private static OptionalInt optional(int token) {
        return token < 0 ? OptionalInt.empty() : OptionalInt.of(token);
    }

    /** @throws InvalidInputException if there is no such token */
    int require(int token) {
        if (token < 0 || token >= size) {
            throw new InvalidInputException(
                    "vocabulary", "token", token + " is no token of this model; expected 0 to " + (size - 1));
        }
        return token;
    }

    MemorySegment pointer() {
        return pointer;
    }
}
