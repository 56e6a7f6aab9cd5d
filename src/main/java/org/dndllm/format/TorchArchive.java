package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;

/**
 * A {@code .pt} or {@code .pth} file that {@code torch.save} wrote in its zip format (PyTorch 1.6 and later), mapped. It
 * holds plain data and tensors; a file that refers to anything else in Python is refused, and no code of a file is ever
 * run. Contiguous tensors are views of the mapping, others are copied into row-major order.
 *
 * <p>Threads may share an open archive. The opener closes it, after which its tensors must not be used.
 *
 * <p>Sources: PyTorch's serialization notes (record names, byte order, persistent ids), CPython's {@code pickletools}.
 */
public final class TorchArchive implements AutoCloseable {
    /** Torch's own reader stops at this version of the record layout. */
    private static final int MAX_VERSION = 10;

    private static final int MAX_DEPTH = 100;
    private static final int MAX_VALUES = 1 << 20;
    private static final int MAX_TENSORS = 1 << 17;
    private static final int MAX_TEXT = 64;
    private static final int MAX_NAME = 1024;

    /** A pickle of protocol 2 that begins with the integer 0x1950a86a20f9469cfc6c. */
    private static final byte[] LEGACY_MAGIC = {
        (byte) 0x80,
        2,
        (byte) 0x8a,
        10,
        0x6c,
        (byte) 0xfc,
        (byte) 0x9c,
        0x46,
        (byte) 0xf9,
        0x20,
        0x6a,
        (byte) 0xa8,
        0x50,
        0x19
    };

    private final String source;
    private final MappedFile mapping;
    private final Object root;
    private final Map<String, TensorView> tensors = new LinkedHashMap<>();
    private int values;
    private volatile boolean closed;

    private TorchArchive(MappedFile mapping, String source) {
        this.mapping = mapping;
        this.source = source;
        MemorySegment bytes = mapping.bytes();
        checkFormat(bytes);
        Map<String, MemorySegment> entries = StoredZip.entries(bytes, source);
        String folder = folder(entries);
        checkVersion(entries, folder);
        checkByteOrder(entries, folder);
        TorchTensors rebuilt =
                new TorchTensors(source, storageRecords(entries, folder), mapping.arena(), bytes.byteSize());
        MemorySegment pickle = record(entries, folder + "data.pkl");
        this.root = plain(new PickleMachine(pickle, source, rebuilt).run(), "", 0);
    }

    /**
     * Maps a file and reads everything but the tensors' values.
     *
     * @throws InvalidInputException when it cannot be read, is not such an archive, is big-endian or compressed, or
     *     holds more than plain data and tensors
     */
    public static TorchArchive open(Path path) {
        MappedFile mapping = MappedFile.open(path);
        try {
            return new TorchArchive(mapping, path.toString());
        } catch (Throwable failure) {
            mapping.close();
            throw failure;
        }
    }

    private void checkFormat(MemorySegment bytes) {
        MemorySegment magic = MemorySegment.ofArray(LEGACY_MAGIC);
        if (bytes.byteSize() >= magic.byteSize()
                && bytes.asSlice(0, magic.byteSize()).mismatch(magic) == -1) {
            throw new InvalidInputException(
                    source,
                    "format",
                    "was saved in PyTorch's old format, before 1.6; save it again:"
                            + " torch.save(torch.load(path, weights_only=True), path)");
        }
        if (!StoredZip.looksLike(bytes)) {
            throw new InvalidInputException(
                    source, "format", "is no zip archive, which torch.save writes; is it a .pt or .pth file?");
        }
    }

    /** The one top folder, with its slash. */
    private String folder(Map<String, MemorySegment> entries) {
        List<String> found = entries.keySet().stream()
                .filter(name -> name.endsWith("/data.pkl") && name.indexOf('/') == name.lastIndexOf('/'))
                .toList();
        if (found.size() != 1) {
            throw new InvalidInputException(
                    source,
                    "data.pkl",
                    "found " + found.size() + " times in the archive, expected once; is it a file of torch.save?");
        }
        String folder = found.getFirst().substring(0, found.getFirst().length() - "data.pkl".length());
        if (entries.containsKey(folder + "constants.pkl")) {
            throw new InvalidInputException(
                    source,
                    "constants.pkl",
                    "this is a TorchScript program; save its state_dict with torch.save instead");
        }
        return folder;
    }

    private MemorySegment record(Map<String, MemorySegment> entries, String name) {
        MemorySegment record = entries.get(name);
        if (record == null) {
            throw new InvalidInputException(source, name, "is missing from the archive");
        }
        return record;
    }

    private void checkVersion(Map<String, MemorySegment> entries, String folder) {
        String version = text(record(entries, folder + "version"));
        if (!version.matches("[0-9]{1,3}") || Integer.parseInt(version) > MAX_VERSION) {
            throw new InvalidInputException(
                    source, "version", "is \"" + version + "\", expected a number up to " + MAX_VERSION);
        }
    }

    private void checkByteOrder(Map<String, MemorySegment> entries, String folder) {
        // Absent before PyTorch 2.1, which nobody ran on big-endian machines to share checkpoints.
        MemorySegment record = entries.get(folder + "byteorder");
        if (record != null && !text(record).equals("little")) {
            throw new InvalidInputException(
                    source,
                    "byteorder",
                    "is \"" + text(record) + "\", expected \"little\"; save it again on a little-endian machine");
        }
    }

    private static String text(MemorySegment record) {
        byte[] bytes = record.asSlice(0, Math.min(MAX_TEXT, record.byteSize())).toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8).strip();
    }

    private static Map<String, MemorySegment> storageRecords(Map<String, MemorySegment> entries, String folder) {
        String prefix = folder + "data/";
        Map<String, MemorySegment> records = new HashMap<>();
        entries.forEach((name, record) -> {
            if (name.startsWith(prefix)) {
                records.put(name.substring(prefix.length()), record);
            }
        });
        return records;
    }

    /** Plain immutable Java for a value of the pickle; collects the tensors on the way. */
    private Object plain(Object value, String path, int depth) {
        // Both limits are for hostile pickles: one that contains itself, one that repeats a part exponentially often.
        if (depth > MAX_DEPTH || ++values > MAX_VALUES) {
            throw fail(path, "nested deeper than " + MAX_DEPTH + " levels or more than " + MAX_VALUES + " values");
        }
        return switch (value) {
            case PickleMachine.PyDict dict -> plainMap(dict, path, depth);
            case PickleMachine.PyList list -> plainList(list.items, path, depth);
            case PickleMachine.Tuple tuple -> plainList(tuple.items(), path, depth);
            case PickleMachine.Nothing none -> Optional.empty();
            case PickleGlobal global when global.elementType().isPresent() -> global.pythonName();
            case TensorView tensor -> named(tensor, path);
            case String text -> text;
            case Long number -> number;
            case Double number -> number;
            case Boolean bool -> bool;
            default -> throw fail(path, "is neither plain data nor a tensor; save a plain state_dict");
        };
    }

    private TensorView named(TensorView tensor, String path) {
        if (tensors.size() >= MAX_TENSORS) {
            throw fail(path, "is one tensor too many, expected at most " + MAX_TENSORS);
        }
        TensorView named = tensor.withName(path);
        if (tensors.putIfAbsent(path, named) != null) {
            throw fail(path, "two tensors have this dotted name; rename one of them");
        }
        return named;
    }

    private Map<String, Object> plainMap(PickleMachine.PyDict dict, String path, int depth) {
        Map<String, Object> members = new LinkedHashMap<>();
        dict.members.forEach((key, value) -> {
            String name = key.toString();
            Object previous = members.put(name, plain(value, join(path, name), depth + 1));
            if (previous != null) {
                throw fail(join(path, name), "is there both as text and as a number");
            }
        });
        return Collections.unmodifiableMap(members);
    }

    private List<Object> plainList(List<Object> items, String path, int depth) {
        List<Object> read = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            read.add(plain(items.get(i), join(path, Integer.toString(i)), depth + 1));
        }
        return Collections.unmodifiableList(read);
    }

    private String join(String path, String name) {
        if (path.length() + name.length() > MAX_NAME) {
            throw fail(path.substring(0, Math.min(path.length(), MAX_TEXT)), "a dotted name exceeds " + MAX_NAME);
        }
        return path.isEmpty() ? name : path + "." + name;
    }

    /**
     * What was saved: {@link TensorView}, {@code Map<String, ?>}, {@code List<?>}, {@link String}, {@link Long}, {@link
     * Double} or {@link Boolean}, nested and unmodifiable. Tuples and {@code torch.Size} are lists, whole-number keys
     * are text, a dtype is its Python name, and None is {@link Optional#empty()}.
     */
    public Object root() {
        checkOpen();
        return root;
    }

    /**
     * All tensors in saved order by dotted path ({@code "model.layers.0.weight"}, list positions included). A file that
     * is one tensor gives it the name {@code ""}.
     */
    public Map<String, TensorView> tensors() {
        checkOpen();
        return Collections.unmodifiableMap(tensors);
    }

    /** The file's path, as errors spell it. */
    public String source() {
        return source;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("TorchArchive is closed: " + source);
        }
    }

    private InvalidInputException fail(String path, String problem) {
        return new InvalidInputException(source, path.isEmpty() ? "data.pkl" : path, problem);
    }

    /** Unmaps the file; its tensors throw {@link IllegalStateException} from now on. Idempotent. */
    @Override
    public void close() {
        closed = true;
        mapping.close();
    }
}
