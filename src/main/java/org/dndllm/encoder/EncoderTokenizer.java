package org.dndllm.encoder;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.dndllm.InvalidInputException;

/**
 * BERT's WordPiece tokenizer: text to ids with [CLS] in front and [SEP] behind, exactly as the Hugging Face tokenizers
 * library does it (it is that library, through DJL's native build). A language model's byte-pair tokenizer with one mark in
 * front and one behind works alike; [CLS] and [SEP] stand for its marks too.
 *
 * <p>Whatever truncation and padding a {@code tokenizer.json} brings along (128 in all-MiniLM) is switched off: lengths are
 * decided here alone. Text is taken as it is: the names of special tokens inside it become those tokens (the reference does
 * the same), and a surrogate without its partner counts as U+FFFD, which BERT's text cleaning drops.
 *
 * <p>Threads: may be shared. The owner closes it; afterwards every call throws {@link IllegalStateException}.
 */
public final class EncoderTokenizer implements AutoCloseable {
    /** Room for one token between the marks. */
    public static final int LEAST_POSITIONS = 3;

    private final TokenizersLibrary library;
    private final TokenizerDefinition definition;
    private final ReadWriteLock lifetime = new ReentrantReadWriteLock();
    private long handle;
    private final int clsId;
    private final int sepId;

    private EncoderTokenizer(TokenizersLibrary library, TokenizerDefinition definition) {
        this.library = library;
        this.definition = definition;
        this.handle = create(library, definition);
        library.disableTruncation(handle);
        library.disablePadding(handle);
        int[] frame = encode("");
        if (frame.length != 2) {
            close();
            throw new InvalidInputException(
                    definition.source(),
                    "post_processor",
                    "an empty text became " + frame.length
                            + " tokens; expected two, [CLS] and [SEP]. Use the tokenizer.json of a BERT sentence encoder.");
        }
        this.clsId = frame[0];
        this.sepId = frame[1];
    }

    /**
     * Opens a {@code tokenizer.json} (Hugging Face tokenizers), a {@code vocab.txt} (one token per line; {@code
     * tokenizer_config.json} beside it decides on lower case), or a folder that holds either, in this order.
     *
     * @throws InvalidInputException naming file and field when the file is missing, malformed or another kind of tokenizer
     * @throws org.dndllm.EnvironmentException when the native library does not load on this machine
     */
    public static EncoderTokenizer open(Path path) {
        TokenizerDefinition definition = TokenizerDefinition.read(locate(path));
        return new EncoderTokenizer(TokenizerNatives.library(), definition);
    }

    private static Path locate(Path path) {
        if (!Files.isDirectory(path)) {
            return path;
        }
        for (String name : List.of("tokenizer.json", "vocab.txt")) {
            if (Files.isRegularFile(path.resolve(name))) {
                return path.resolve(name);
            }
        }
        throw new InvalidInputException(
                path.toString(), "tokenizer", "neither tokenizer.json nor vocab.txt is there; add one of them.");
    }

    private static long create(TokenizersLibrary library, TokenizerDefinition definition) {
        try {
            return library.createTokenizerFromString(definition.json());
        } catch (RuntimeException e) {
            throw new InvalidInputException(
                    definition.source(), "tokenizer", "the tokenizer library refused it: " + e.getMessage(), e);
        }
    }

    /** All ids of a text, [CLS] and [SEP] included, however many they are. */
    public int[] encode(String text) {
        String clean = replaceLoneSurrogates(text);
        lifetime.readLock().lock();
        try {
            if (handle == 0) {
                throw new IllegalStateException("EncoderTokenizer of " + definition.source() + " is closed");
            }
            return ids(library.encode(handle, clean, true));
        } finally {
            lifetime.readLock().unlock();
        }
    }

    private int[] ids(long encoding) {
        try {
            return Arrays.stream(library.getTokenIds(encoding))
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } finally {
            library.deleteEncoding(encoding);
        }
    }

    /**
     * The ids of a text cut to at most {@code length} positions; [SEP] stays last, as the reference truncates.
     *
     * @param length at least 3: room for one token between [CLS] and [SEP]
     */
    public int[] encode(String text, int length) {
        return truncate(encode(text), length);
    }

    int[] truncate(int[] ids, int length) {
        if (length < LEAST_POSITIONS) {
            throw new IllegalArgumentException("length is " + length + "; [CLS], one token and [SEP] need 3");
        }
        if (ids.length <= length) {
            return ids;
        }
        int[] cut = Arrays.copyOf(ids, length);
        cut[length - 1] = sepId;
        return cut;
    }

    /**
     * Ids of several texts, truncated and padded on the right to the same length.
     *
     * @return [N, L] ids and mask, row-major
     */
    public TokenBatch encode(List<String> texts, int length) {
        TokenBatch batch = TokenBatch.padded(texts.size(), length, padId());
        for (int n = 0; n < texts.size(); n++) {
            batch.put(n, encode(texts.get(n), length));
        }
        return batch;
    }

    /** One more than the greatest id it can produce: the encoder must have an embedding row for each. */
    public int vocabularySize() {
        return definition.vocabularySize();
    }

    /** The id that fills positions without a token. */
    public int padId() {
        return definition.padId();
    }

    /** The id in front of every text. */
    public int clsId() {
        return clsId;
    }

    /** The id behind every text. */
    public int sepId() {
        return sepId;
    }

    /** Idempotent; waits for encodings that other threads are running. */
    @Override
    public void close() {
        lifetime.writeLock().lock();
        try {
            if (handle != 0) {
                library.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            lifetime.writeLock().unlock();
        }
    }

    /** A lone surrogate has no UTF-8 form; decided here so that every platform agrees. */
    private static String replaceLoneSurrogates(String text) {
        boolean[] lone = {false};
        int[] points = text.codePoints()
                .map(point -> {
                    boolean surrogate = point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE;
                    lone[0] |= surrogate;
                    return surrogate ? 0xFFFD : point;
                })
                .toArray();
        return lone[0] ? new String(points, 0, points.length) : text;
    }
}
