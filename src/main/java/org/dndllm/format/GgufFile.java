package org.dndllm.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF v3 file (little-endian), or a model in several of them, header read and fully checked, tensors as views of mapped memory. Every way in which the
 * header can be wrong is an {@link InvalidInputException} naming the file and the key or tensor. Format: ggml's
 * {@code docs/gguf.md} and {@code gguf.cpp}.
 *
 * <p>Any thread may read. {@link #close()} unmaps; tensors and this object are then refused with IllegalStateException. The
 * file must not shrink while it is open.
 */
public final class GgufFile implements AutoCloseable {
    private final String source;
    private final @Nullable Arena arena; // null over memory of the caller
    private final GgufParser.Content content;
    private final List<Path> parts;
    private volatile boolean closed;

    private GgufFile(String source, @Nullable Arena arena, GgufSplit.Whole whole) {
        this.source = source;
        this.arena = arena;
        this.content = whole.content();
        this.parts = whole.paths();
    }

    /**
     * Maps a file and reads its header. Of a model in several files this is the first, {@code NAME-00001-of-00003.gguf};
     * the others are found beside it and join it as one: the metadata of the first, the tensors of all.
     *
     * @throws InvalidInputException when a file cannot be read or is malformed, or the parts do not belong together
     */
    @SuppressWarnings("MustBeClosedChecker") // close() ends it
    public static GgufFile open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            return new GgufFile(
                    file.toString(), arena, GgufSplit.complete(file, read(file, arena), part -> read(part, arena)));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /**
     * Reads the header of a file in memory, which stays the caller's and must outlive this object.
     *
     * @param source a name for error messages
     * @throws InvalidInputException when it is malformed
     */
    public static GgufFile of(MemorySegment bytes, String source) {
        MemorySegment readOnly = bytes.asReadOnly();
        return new GgufFile(source, null, new GgufSplit.Whole(GgufParser.parse(readOnly, source), List.of()));
    }

    /**
     * The hash by which a model is known: the SHA-256 of its file. Of a model in parts it is the SHA-256 of the text that
     * lists the parts' own hashes in order, each with a line feed:
     * {@code sha256sum NAME-*.gguf | cut -c1-64 | sha256sum}.
     *
     * @throws InvalidInputException as {@link #open}
     */
    public static String sha256(Path file) {
        List<Path> parts;
        try (GgufFile model = open(file)) {
            parts = model.parts();
        }
        if (parts.size() == 1) {
            return Sha256.of(file);
        }
        String list = parts.stream().map(part -> Sha256.of(part) + "\n").collect(Collectors.joining());
        return Sha256.of(list.getBytes(StandardCharsets.US_ASCII));
    }

    private static GgufParser.Content read(Path file, Arena arena) {
        return GgufParser.parse(map(file, arena), file.toString());
    }

    private static MemorySegment map(Path file, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(file.toString(), "file", "does not exist; check the path", e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    /** The path, or the name given with the memory. */
    public String source() {
        return source;
    }

    /** The files that it lies in, in order: one, or all parts of a model in several files; none in memory. */
    public List<Path> parts() {
        return parts;
    }

    /** All metadata in file order. */
    public Map<String, GgufValue> metadata() {
        return open().metadata();
    }

    /** All tensors in file order. */
    public List<GgufTensor> tensors() {
        return List.copyOf(open().tensors().values());
    }

    /** One tensor by name. */
    public Optional<GgufTensor> tensor(String name) {
        return Optional.ofNullable(open().tensors().get(name));
    }

    /** What tensor offsets are multiples of, in bytes. */
    public long alignment() {
        return open().alignment();
    }

    /** One metadata value. */
    public Optional<GgufValue> find(String key) {
        return Optional.ofNullable(open().metadata().get(key));
    }

    /** A text that may be absent; another type is an {@link InvalidInputException}, as for all typed accessors. */
    public Optional<String> findString(String key) {
        return find(key).map(value -> value.asString(source, key));
    }

    /** A whole number that may be absent. */
    public Optional<Long> findInteger(String key) {
        return find(key).map(value -> value.asLong(source, key));
    }

    /** A number that may be absent. */
    public Optional<Double> findNumber(String key) {
        return find(key).map(value -> value.asDouble(source, key));
    }

    /** A truth value that may be absent. */
    public Optional<Boolean> findBool(String key) {
        return find(key).map(value -> value.asBool(source, key));
    }

    /** A text that must be there. */
    public String string(String key) {
        return require(key).asString(source, key);
    }

    /** A whole number that must be there. */
    public long integer(String key) {
        return require(key).asLong(source, key);
    }

    /** A number, whole or not, that must be there. */
    public double number(String key) {
        return require(key).asDouble(source, key);
    }

    /** A truth value that must be there. */
    public boolean bool(String key) {
        return require(key).asBool(source, key);
    }

    /** An array of texts that must be there. */
    public List<String> strings(String key) {
        GgufArray array = require(key).asArray(source, key);
        if (array.elementType() != GgufType.STRING) {
            throw new InvalidInputException(
                    source, key, "is an array of " + array.elementType() + "; expected strings");
        }
        return array.strings();
    }

    /** An array of whole numbers that must be there. */
    public long[] integers(String key) {
        GgufArray array = require(key).asArray(source, key);
        if (!array.elementType().isInteger()) {
            throw new InvalidInputException(
                    source, key, "is an array of " + array.elementType() + "; expected whole numbers");
        }
        return array.longs();
    }

    private GgufValue require(String key) {
        return find(key)
                .orElseThrow(() -> new InvalidInputException(
                        source, key, "is missing from the metadata; use a file written for this purpose"));
    }

    private GgufParser.Content open() {
        if (closed) {
            throw new IllegalStateException("GgufFile " + source + " is closed");
        }
        return content;
    }

    /** Unmaps the file; memory that was given stays. Harmless when repeated. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            if (arena != null) {
                arena.close();
            }
        }
    }
}
