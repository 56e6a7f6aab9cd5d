package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;

/**
 * Reads a GGUF v3 header and finds the tensors behind it. Accepts what ggml's {@code gguf.cpp} accepts, minus what has no
 * honest use: empty tensors, numbers where truth values belong, broken text, names with a NUL.
 */
final class GgufParser {
    /** What one file holds. */
    record Content(Map<String, GgufValue> metadata, Map<String, GgufTensor> tensors, long alignment) {}

    static final int MAGIC = 0x46554747; // "GGUF"
    static final int VERSION = 3;
    static final String ALIGNMENT_KEY = "general.alignment";
    static final long DEFAULT_ALIGNMENT = 32;
    /** {@code ggml.h: GGML_MAX_NAME}, which counts the final NUL. */
    static final int MAX_NAME_BYTES = 63;

    private static final int MAX_DIMS = 4;
    // Far above any real model and low enough that a lying header cannot exhaust the heap.
    private static final int MAX_KEYS = 1 << 16;
    private static final int MAX_TENSORS = 1 << 20;
    private static final int MAX_KEY_BYTES = (1 << 16) - 1;
    private static final int MAX_STRING_BYTES = 1 << 26;
    private static final int MAX_ELEMENTS = 1 << 24;
    private static final int MINIMUM_KEY_BYTES = 8 + 1 + 4 + 1;
    private static final int MINIMUM_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8;

    private final MemorySegment bytes;
    private final GgufCursor cursor;

    /** A tensor whose offset is read but not yet checked. */
    private record Entry(String name, GgmlType type, List<Long> dims, long size, long offset) {
        String field() {
            return "tensor " + name;
        }
    }

    private GgufParser(MemorySegment bytes, String source) {
        this.bytes = bytes;
        this.cursor = new GgufCursor(bytes, source);
    }

    static Content parse(MemorySegment bytes, String source) {
        return new GgufParser(bytes, source).parse();
    }

    private Content parse() {
        preamble();
        int tensorCount = count("tensor_count", MAX_TENSORS, MINIMUM_TENSOR_BYTES);
        int keyCount = count("metadata_kv_count", MAX_KEYS, MINIMUM_KEY_BYTES);
        Map<String, GgufValue> metadata = metadata(keyCount);
        long alignment = alignment(metadata);
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < tensorCount; i++) {
            entries.add(entry(i));
        }
        return new Content(Collections.unmodifiableMap(metadata), locate(entries, alignment), alignment);
    }

    private void preamble() {
        if (cursor.int32("magic") != MAGIC) {
            throw cursor.fault("magic", "the file does not begin with \"GGUF\"; name a GGUF file");
        }
        int version = cursor.int32("version");
        if ((version & 0xffff) == 0) {
            throw cursor.fault(
                    "version", "the bytes of the version are reversed: a big-endian file; convert it to little-endian");
        }
        if (version != VERSION) {
            throw cursor.fault(
                    "version",
                    "is " + Integer.toUnsignedString(version) + "; expected " + VERSION
                            + "; convert the model again with current tools");
        }
    }

    private int count(String field, int limit, int minimumBytes) {
        long count = cursor.int64(field);
        if (count < 0 || count > limit || count * minimumBytes > cursor.remaining()) {
            throw cursor.fault(
                    field,
                    "is " + Long.toUnsignedString(count) + ", but only " + cursor.remaining()
                            + " bytes follow and at most " + limit + " are allowed; the file is truncated or damaged");
        }
        return (int) count;
    }

    private Map<String, GgufValue> metadata(int count) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            String field = "metadata key #" + i;
            String key = name(field, MAX_KEY_BYTES);
            GgufValue value = value(key, type(key));
            if (metadata.putIfAbsent(key, value) != null) {
                throw cursor.fault(key, "occurs twice in the metadata; the file is damaged");
            }
        }
        return metadata;
    }

    private String name(String field, int limit) {
        String name = cursor.string(field, limit);
        if (name.isEmpty() || name.indexOf('\0') >= 0) {
            throw cursor.fault(field, "name is empty or holds a NUL; the file is damaged");
        }
        return name;
    }

    private GgufType type(String key) {
        int id = cursor.int32(key);
        return GgufType.byId(id)
                .orElseThrow(() -> cursor.fault(key, "value type " + id + " does not exist; expected 0 to 12"));
    }

    private GgufValue value(String key, GgufType type) {
        Object value = switch (type) {
            case FLOAT32 -> cursor.float32(key);
            case FLOAT64 -> cursor.float64(key);
            case BOOL -> cursor.bool(key);
            case STRING -> cursor.string(key, MAX_STRING_BYTES);
            case ARRAY -> array(key);
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> integer(key, type);
        };
        return new GgufValue(type, value);
    }

    private long integer(String key, GgufType type) {
        return switch (type) {
            case UINT8 -> Byte.toUnsignedLong(cursor.int8(key));
            case INT8 -> cursor.int8(key);
            case UINT16 -> Short.toUnsignedLong(cursor.int16(key));
            case INT16 -> cursor.int16(key);
            case UINT32 -> Integer.toUnsignedLong(cursor.int32(key));
            case INT32 -> cursor.int32(key);
            case UINT64, INT64 -> cursor.int64(key);
            case FLOAT32, BOOL, STRING, ARRAY, FLOAT64 -> throw new AssertionError(type);
        };
    }

    private GgufArray array(String key) {
        GgufType type = type(key);
        if (type == GgufType.ARRAY) {
            throw cursor.fault(key, "is an array of arrays, which llama.cpp does not read; write it flat");
        }
        long count = cursor.int64(key);
        if (count < 0 || count > MAX_ELEMENTS) {
            throw cursor.fault(
                    key,
                    "array length is " + Long.toUnsignedString(count) + "; expected at most " + MAX_ELEMENTS
                            + "; the file is damaged");
        }
        cursor.requireLeft(count * type.minimumBytes(), key);
        return new GgufArray(type, elements(key, type, (int) count));
    }

    private Object elements(String key, GgufType type, int count) {
        switch (type) {
            case STRING -> {
                List<String> strings = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    strings.add(cursor.string(key, MAX_STRING_BYTES));
                }
                return Collections.unmodifiableList(strings);
            }
            case FLOAT32 -> {
                float[] numbers = new float[count];
                for (int i = 0; i < count; i++) {
                    numbers[i] = cursor.float32(key);
                }
                return numbers;
            }
            case FLOAT64 -> {
                double[] numbers = new double[count];
                for (int i = 0; i < count; i++) {
                    numbers[i] = cursor.float64(key);
                }
                return numbers;
            }
            case BOOL -> {
                boolean[] truths = new boolean[count];
                for (int i = 0; i < count; i++) {
                    truths[i] = cursor.bool(key);
                }
                return truths;
            }
            default -> {
                long[] numbers = new long[count];
                for (int i = 0; i < count; i++) {
                    numbers[i] = integer(key, type);
                }
                return numbers;
            }
        }
    }

    private long alignment(Map<String, GgufValue> metadata) {
        GgufValue value = metadata.get(ALIGNMENT_KEY);
        if (value == null) {
            return DEFAULT_ALIGNMENT;
        }
        if (value.type() != GgufType.UINT32 || !(value.value() instanceof Long alignment)) {
            throw cursor.fault(ALIGNMENT_KEY, "is of type " + value.type() + "; expected UINT32");
        }
        if (Long.bitCount(alignment) != 1) {
            throw cursor.fault(ALIGNMENT_KEY, "is " + alignment + "; expected a power of two");
        }
        return alignment;
    }

    private Entry entry(int index) {
        String unnamed = "tensor #" + index;
        String name = name(unnamed, MAX_NAME_BYTES);
        String field = "tensor " + name;
        int rank = cursor.int32(field);
        if (rank < 1 || rank > MAX_DIMS) {
            throw cursor.fault(
                    field, "has " + Integer.toUnsignedString(rank) + " dimensions; expected 1 to " + MAX_DIMS);
        }
        List<Long> dims = new ArrayList<>();
        for (int i = 0; i < rank; i++) {
            dims.add(cursor.int64(field));
        }
        int id = cursor.int32(field);
        GgmlType type = GgmlType.byId(id)
                .orElseThrow(() -> cursor.fault(
                        field,
                        "type " + Integer.toUnsignedString(id)
                                + " does not exist or was removed from ggml; quantise the " + "model again"));
        return new Entry(name, type, List.copyOf(dims), bytesOf(field, type, dims), cursor.int64(field));
    }

    private long bytesOf(String field, GgmlType type, List<Long> dims) {
        long elements = 1;
        for (long dim : dims) {
            if (dim < 1) {
                throw cursor.fault(field, "shape " + dims + " has a dimension below 1");
            }
            if (elements > Long.MAX_VALUE / 8 / dim) {
                throw cursor.fault(field, "shape " + dims + " has more elements than can be counted");
            }
            elements *= dim;
        }
        if (dims.getFirst() % type.blockSize() != 0) {
            throw cursor.fault(
                    field,
                    "rows of " + dims.getFirst() + " elements are not a multiple of the " + type + " block of "
                            + type.blockSize());
        }
        return type.bytesFor(elements);
    }

    /** As in ggml, tensors lie in the order of their entries without gaps other than padding to the alignment. */
    private Map<String, GgufTensor> locate(List<Entry> entries, long alignment) {
        long dataStart = padded(cursor.position(), alignment);
        long expected = 0;
        Map<String, GgufTensor> tensors = new LinkedHashMap<>();
        for (Entry entry : entries) {
            checkOffset(entry, expected, alignment);
            long room = bytes.byteSize() - dataStart - expected;
            if (entry.size() > room) {
                throw cursor.fault(
                        entry.field(),
                        "needs " + entry.size() + " bytes from byte " + (dataStart + expected)
                                + ", but the file ends at byte " + bytes.byteSize()
                                + "; it is truncated or damaged, fetch or write it again");
            }
            MemorySegment data = bytes.asSlice(dataStart + expected, entry.size());
            GgufTensor tensor = new GgufTensor(entry.name(), entry.type(), entry.dims(), data);
            if (tensors.putIfAbsent(entry.name(), tensor) != null) {
                throw cursor.fault(entry.field(), "occurs twice; the file is damaged");
            }
            expected = padded(expected + entry.size(), alignment);
        }
        return Collections.unmodifiableMap(tensors);
    }

    private void checkOffset(Entry entry, long expected, long alignment) {
        long offset = entry.offset();
        if (offset == expected) {
            return;
        }
        InvalidInputException fault;
        if (offset % alignment != 0) {
            fault = cursor.fault(
                    entry.field(),
                    "offset " + Long.toUnsignedString(offset) + " is not a multiple of the alignment " + alignment);
        } else if (offset >= 0 && offset < expected) {
            fault = cursor.fault(
                    entry.field(), "offset " + offset + " overlaps the tensor before it, which ends at " + expected);
        } else {
            fault = cursor.fault(
                    entry.field(),
                    "offset is " + Long.toUnsignedString(offset) + "; expected " + expected
                            + ", right behind the tensor before it; the file is damaged");
        }
        throw fault;
    }

    static long padded(long size, long alignment) {
        return (size + alignment - 1) & -alignment;
    }
}
