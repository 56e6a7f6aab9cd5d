package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, mapped and fully checked when opened: 8 bytes of header length (little-endian), a JSON header,
 * then the tensors' bytes without holes. Any size; tensors are views of the mapping, nothing is copied.
 *
 * <p>Every condition that the reference reader refuses is refused here with a message of its own: header shorter than 8
 * bytes, longer than 100 MB or than the file, not UTF-8, not starting with an opening brace, not JSON; offsets that
 * overlap, leave holes or do not end at the end of the file; sizes that overflow or differ from dtype times shape.
 * Duplicate names, on which the reference lets the last one win, are refused too.
 *
 * <p>Threads may share an open file. The opener closes it, after which views of it must not be used.
 *
 * <p>Source: format section of the README of huggingface/safetensors; {@code SafeTensorError} of its reference reader.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** Longest header that the format allows, in bytes. */
    static final int MAX_HEADER = 100_000_000;

    /** Bytes of the header's length field. */
    static final int LENGTH_BYTES = 8;

    /** Name in the header that is no tensor but the free-form string map. */
    static final String METADATA = "__metadata__";

    private static final ValueLayout.OfLong LE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String source;
    private final @Nullable MappedFile mapping;
    private final Map<String, TensorView> tensors;
    private final Map<String, String> metadata;
    private volatile boolean closed;

    private SafetensorsFile(MemorySegment bytes, String source, @Nullable MappedFile mapping) {
        this.source = source;
        this.mapping = mapping;
        long headerBytes = headerLength(bytes, source);
        JsonValue.Obj header = header(bytes, headerBytes, source);
        this.metadata = metadata(header);
        this.tensors = tensors(header, bytes.asSlice(LENGTH_BYTES + headerBytes));
    }

    /**
     * Maps and checks a file.
     *
     * @throws InvalidInputException when it cannot be read or is not a sound safetensors file
     */
    public static SafetensorsFile open(Path path) {
        MappedFile mapping = MappedFile.open(path);
        try {
            return new SafetensorsFile(mapping.bytes(), path.toString(), mapping);
        } catch (Throwable failure) {
            mapping.close();
            throw failure;
        }
    }

    /**
     * Checks a file that is in memory; the memory stays the caller's, {@link #close()} only forbids further use.
     *
     * @param source what errors call it, such as {@code "<memory>"}
     */
    public static SafetensorsFile of(MemorySegment bytes, String source) {
        return new SafetensorsFile(bytes, source, null);
    }

    private static long headerLength(MemorySegment bytes, String source) {
        if (bytes.byteSize() < LENGTH_BYTES) {
            throw new InvalidInputException(
                    source,
                    "header length",
                    "the file has " + bytes.byteSize() + " bytes, too small for the 8 bytes of the header's length;"
                            + " is the download complete?");
        }
        long length = bytes.get(LE_LONG, 0);
        if (length < 0 || length > MAX_HEADER) {
            throw new InvalidInputException(
                    source,
                    "header length",
                    "is " + Long.toUnsignedString(length) + ", too large: at most " + MAX_HEADER
                            + " is allowed; is this a safetensors file?");
        }
        if (length > bytes.byteSize() - LENGTH_BYTES) {
            throw new InvalidInputException(
                    source,
                    "header length",
                    "is " + length + ", beyond the end of the file (" + bytes.byteSize()
                            + " bytes); is the download complete?");
        }
        return length;
    }

    private static JsonValue.Obj header(MemorySegment bytes, long length, String source) {
        byte[] text = bytes.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE);
        if (text.length == 0 || text[0] != '{') {
            throw new InvalidInputException(source, "header", "does not start with '{'; is this a safetensors file?");
        }
        return JsonValue.parse(text, source).asObject(source);
    }

    private static Map<String, String> metadata(JsonValue.Obj header) {
        if (!header.has(METADATA)) {
            return Map.of();
        }
        JsonValue.Obj entries = header.object(METADATA);
        Map<String, String> read = new LinkedHashMap<>();
        for (String key : entries.members().keySet()) {
            read.put(key, entries.string(key));
        }
        return Collections.unmodifiableMap(read);
    }

    /** A header entry whose own fields make sense; {@code begin} and {@code end} count from the end of the header. */
    private record Entry(String name, DType dtype, List<Long> shape, long begin, long end) {}

    private Map<String, TensorView> tensors(JsonValue.Obj header, MemorySegment data) {
        List<Entry> entries = new ArrayList<>();
        for (String name : header.members().keySet()) {
            if (!name.equals(METADATA)) {
                entries.add(entry(name, header.object(name)));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        Map<String, TensorView> views = new LinkedHashMap<>();
        long covered = 0;
        for (Entry entry : entries) {
            if (entry.begin != covered) {
                throw new InvalidInputException(
                        source,
                        header.pathOf(entry.name) + ".data_offsets",
                        "begin at " + entry.begin + ", expected " + covered + ", where the tensor before it ends: "
                                + (entry.begin < covered ? "they overlap" : "there is a hole"));
            }
            if (entry.end > data.byteSize()) {
                throw new InvalidInputException(
                        source,
                        header.pathOf(entry.name) + ".data_offsets",
                        "end at " + entry.end + ", beyond the file's " + data.byteSize()
                                + " bytes of data; is the download complete?");
            }
            covered = entry.end;
            views.put(entry.name, view(entry, data));
        }
        if (covered != data.byteSize()) {
            throw new InvalidInputException(
                    source,
                    "data",
                    "has " + data.byteSize() + " bytes after the header, but the tensors cover " + covered
                            + "; every byte must belong to a tensor");
        }
        return Collections.unmodifiableMap(views);
    }

    private static TensorView view(Entry entry, MemorySegment data) {
        return new TensorView(entry.name, entry.dtype, entry.shape, data.asSlice(entry.begin, entry.end - entry.begin));
    }

    private Entry entry(String name, JsonValue.Obj info) {
        String spelling = info.string("dtype");
        DType dtype = DType.byName(spelling)
                .orElseThrow(() -> new InvalidInputException(
                        source,
                        info.pathOf("dtype"),
                        "is \"" + spelling + "\", expected one of " + List.of(DType.values())));
        List<Long> shape = info.array("shape").integers();
        long expected = byteSize(dtype, shape, info.pathOf("shape"));
        List<Long> offsets = info.array("data_offsets").integers();
        String offsetsPath = info.pathOf("data_offsets");
        if (offsets.size() != 2) {
            throw new InvalidInputException(
                    source, offsetsPath, "has " + offsets.size() + " numbers, expected two: begin and end");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin < 0 || end < begin) {
            throw new InvalidInputException(source, offsetsPath, "is " + offsets + ", expected 0 <= begin <= end");
        }
        if (end - begin != expected) {
            throw new InvalidInputException(
                    source,
                    offsetsPath,
                    "span " + (end - begin) + " bytes, but " + dtype + " of shape " + shape + " takes " + expected);
        }
        return new Entry(name, dtype, shape, begin, end);
    }

    private long byteSize(DType dtype, List<Long> shape, String path) {
        try {
            return TensorView.byteSize(dtype, shape);
        } catch (IllegalArgumentException impossible) {
            throw new InvalidInputException(source, path, "is impossible: " + impossible.getMessage(), impossible);
        }
    }

    /** Names of all tensors, in the order of their bytes in the file. */
    public List<String> names() {
        checkOpen();
        return List.copyOf(tensors.keySet());
    }

    /** Whether there is a tensor of that name. */
    public boolean has(String name) {
        checkOpen();
        return tensors.containsKey(name);
    }

    /**
     * A view of one tensor, valid until {@link #close()}.
     *
     * @throws InvalidInputException when there is none of that name
     */
    public TensorView tensor(String name) {
        checkOpen();
        TensorView view = tensors.get(name);
        if (view == null) {
            throw new InvalidInputException(
                    source, name, "no tensor of this name among " + tensors.size() + "; list the file's tensors");
        }
        return view;
    }

    /** The free-form string map of the header, empty when there is none. */
    public Map<String, String> metadata() {
        checkOpen();
        return metadata;
    }

    /** What errors call this file: its path, or the name given for memory. */
    public String source() {
        return source;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("SafetensorsFile is closed: " + source);
        }
    }

    /** Unmaps the file; views of it throw {@link IllegalStateException} from now on. Idempotent. */
    @Override
    public void close() {
        closed = true;
        if (mapping != null) {
            mapping.close();
        }
    }
}
