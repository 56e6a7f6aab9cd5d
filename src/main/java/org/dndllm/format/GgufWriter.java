package org.dndllm.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * Collects metadata and tensors and writes them as a GGUF v3 file (little-endian), to disk or into memory. Keys and tensors
 * keep the order in which they were put. Not safe for use by several threads at once.
 *
 * <p>Wrong arguments (a name of more than 63 bytes, a repeated name, data of the wrong size) are programming errors:
 * IllegalArgumentException.
 */
public final class GgufWriter {
    private static final int WRITE_CHUNK = 1 << 24;

    /** Puts a tensor's elements where they belong, little-endian, filling the segment to its end. */
    @FunctionalInterface
    public interface TensorSource {
        void fill(MemorySegment destination);
    }

    private record Entry(byte[] name, GgmlType type, List<Long> dims, long size, TensorSource source) {}

    private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
    private final Map<String, Entry> tensors = new LinkedHashMap<>();
    private long alignment = GgufParser.DEFAULT_ALIGNMENT;

    /** Adds any value. {@code general.alignment} sets the alignment of the tensors. */
    public GgufWriter put(String key, GgufValue value) {
        if (key.isEmpty() || key.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("GGUF key \"" + key + "\" is empty or holds a NUL");
        }
        if (key.equals(GgufParser.ALIGNMENT_KEY)) {
            alignment = validAlignment(value);
        }
        if (metadata.putIfAbsent(key, value) != null) {
            throw new IllegalArgumentException("GGUF key " + key + " is put twice");
        }
        return this;
    }

    public GgufWriter put(String key, String value) {
        return put(key, GgufValue.of(value));
    }

    /** The int's bits are taken as unsigned. */
    public GgufWriter putUint32(String key, int value) {
        return put(key, GgufValue.uint32(value));
    }

    /** The long's bits are taken as unsigned. */
    public GgufWriter putUint64(String key, long value) {
        return put(key, GgufValue.uint64(value));
    }

    public GgufWriter putFloat32(String key, float value) {
        return put(key, GgufValue.float32(value));
    }

    public GgufWriter putBool(String key, boolean value) {
        return put(key, GgufValue.of(value));
    }

    public GgufWriter putStrings(String key, List<String> values) {
        return put(key, GgufValue.of(GgufArray.ofStrings(values)));
    }

    public GgufWriter putInts(String key, int[] values) {
        return put(key, GgufValue.of(GgufArray.ofInts(values)));
    }

    public GgufWriter putFloats(String key, float[] values) {
        return put(key, GgufValue.of(GgufArray.ofFloats(values)));
    }

    /** Adds a tensor whose bytes lie ready; they are read when the file is written. Dimensions as in {@link GgufTensor}. */
    public GgufWriter tensor(String name, GgmlType type, List<Long> dims, MemorySegment data) {
        tensor(name, type, dims, new ReadyData(data));
        long size = sizeOf(name);
        if (data.byteSize() != size) {
            tensors.remove(name);
            throw new IllegalArgumentException("GGUF tensor " + name + " of type " + type + " and shape " + dims
                    + " takes " + size + " bytes, not " + data.byteSize());
        }
        return this;
    }

    /** Adds a tensor that is produced straight into the file's memory when the file is written. */
    public GgufWriter tensor(String name, GgmlType type, List<Long> dims, TensorSource source) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        if (utf8.length == 0 || utf8.length > GgufParser.MAX_NAME_BYTES || name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    "GGUF tensor name \"" + name + "\" takes " + utf8.length + " bytes; expected 1 to 63 without NUL");
        }
        long elements = 1;
        for (long dim : dims) {
            elements = dim < 1 ? 0 : Math.multiplyExact(elements, dim);
        }
        if (dims.isEmpty() || dims.size() > 4 || elements == 0 || dims.getFirst() % type.blockSize() != 0) {
            throw new IllegalArgumentException("GGUF tensor " + name + " cannot have shape " + dims + " as " + type);
        }
        Entry entry = new Entry(utf8, type, List.copyOf(dims), type.bytesFor(elements), source);
        if (tensors.putIfAbsent(name, entry) != null) {
            throw new IllegalArgumentException("GGUF tensor " + name + " is added twice");
        }
        return this;
    }

    private record ReadyData(MemorySegment data) implements TensorSource {
        @Override
        public void fill(MemorySegment destination) {
            MemorySegment.copy(data, 0, destination, 0, data.byteSize());
        }
    }

    private long sizeOf(String name) {
        Entry entry = tensors.get(name);
        return entry == null ? 0 : entry.size();
    }

    private static long validAlignment(GgufValue value) {
        if (value.type() != GgufType.UINT32 || !(value.value() instanceof Long bytes) || Long.bitCount(bytes) != 1) {
            throw new IllegalArgumentException("general.alignment must be a UINT32 power of two, not " + value);
        }
        return bytes;
    }

    /** Bytes of the whole file. */
    public long size() {
        return header().length + dataSize();
    }

    /** Bytes behind the header: every tensor with the padding behind it. */
    public long dataSize() {
        long size = 0;
        for (Entry entry : tensors.values()) {
            size += GgufParser.padded(entry.size(), alignment);
        }
        return size;
    }

    /**
     * Writes the file into fresh native memory; each tensor source writes to its final place.
     *
     * @param arena owns the memory
     */
    public MemorySegment toMemory(Arena arena) {
        byte[] header = header();
        MemorySegment file = arena.allocate(header.length + dataSize(), 64);
        fill(file, header);
        return file;
    }

    /**
     * Writes the file to the beginning of memory that the caller keeps for reuse, which spares the page faults of fresh
     * memory.
     *
     * @return the part of it that the file takes
     * @throws IllegalArgumentException when it is smaller than {@link #size()}
     */
    public MemorySegment toMemory(MemorySegment memory) {
        return toMemory((long size) -> memory);
    }

    /** As {@link #toMemory(MemorySegment)}, for a caller that wants to know the size before it hands over the memory. */
    public MemorySegment toMemory(LongFunction<MemorySegment> room) {
        byte[] header = header();
        long size = header.length + dataSize();
        MemorySegment memory = room.apply(size);
        if (memory.byteSize() < size) {
            throw new IllegalArgumentException("GGUF file takes " + size + " bytes, got room for " + memory.byteSize());
        }
        MemorySegment file = memory.asSlice(0, size);
        fill(file, header);
        return file;
    }

    private void fill(MemorySegment file, byte[] header) {
        MemorySegment.copy(MemorySegment.ofArray(header), 0, file, 0, header.length);
        long at = header.length;
        for (Entry entry : tensors.values()) {
            entry.source().fill(file.asSlice(at, entry.size()));
            long end = GgufParser.padded(entry.size(), alignment);
            file.asSlice(at + entry.size(), end - entry.size()).fill((byte) 0);
            at += end;
        }
    }

    /**
     * Writes the file to disk, whole or not at all. Needs native memory for the largest tensor that
     * does not lie ready in native memory.
     *
     * @throws org.dndllm.EnvironmentException when the disk refuses
     */
    public void write(Path target) {
        byte[] header = header();
        AtomicFile.write(target, channel -> {
            writeFully(channel, MemorySegment.ofArray(header));
            try (Arena arena = Arena.ofShared()) {
                MemorySegment buffer = arena.allocate(largestStaged(), 64);
                for (Entry entry : tensors.values()) {
                    writeTensor(channel, entry, buffer);
                }
            }
        });
    }

    private void writeTensor(FileChannel channel, Entry entry, MemorySegment buffer) throws IOException {
        if (entry.source() instanceof ReadyData ready && ready.data().isNative()) {
            writeFully(channel, ready.data());
        } else {
            MemorySegment part = buffer.asSlice(0, entry.size());
            entry.source().fill(part);
            writeFully(channel, part);
        }
        int padding = (int) (GgufParser.padded(entry.size(), alignment) - entry.size());
        writeFully(channel, MemorySegment.ofArray(new byte[padding]));
    }

    /** Channels take native memory and byte arrays only, so a tensor over a float array goes through the buffer too. */
    private long largestStaged() {
        return tensors.values().stream()
                .filter(entry -> !(entry.source() instanceof ReadyData ready
                        && ready.data().isNative()))
                .mapToLong(Entry::size)
                .max()
                .orElse(0);
    }

    private static void writeFully(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += WRITE_CHUNK) {
            ByteBuffer part = bytes.asSlice(at, Math.min(WRITE_CHUNK, bytes.byteSize() - at))
                    .asByteBuffer();
            while (part.hasRemaining()) {
                channel.write(part);
            }
        }
    }

    /** Where each tensor begins behind the header, in their order. */
    public List<Long> offsets() {
        List<Long> offsets = new ArrayList<>(tensors.size());
        long offset = 0;
        for (Entry entry : tensors.values()) {
            offsets.add(offset);
            offset += GgufParser.padded(entry.size(), alignment);
        }
        return offsets;
    }

    /** Everything before the first tensor, padding included. */
    public byte[] header() {
        GgufHeaderBytes out = new GgufHeaderBytes();
        out.int32(GgufParser.MAGIC);
        out.int32(GgufParser.VERSION);
        out.int64(tensors.size());
        out.int64(metadata.size());
        metadata.forEach((key, value) -> {
            out.string(key);
            out.int32(value.type().id());
            out.value(value);
        });
        long offset = 0;
        for (Entry entry : tensors.values()) {
            out.string(entry.name());
            out.int32(entry.dims().size());
            for (long dim : entry.dims()) {
                out.int64(dim);
            }
            out.int32(entry.type().id());
            out.int64(offset);
            offset += GgufParser.padded(entry.size(), alignment);
        }
        return tensors.isEmpty() ? out.bytes(1) : out.bytes(alignment);
    }
}
