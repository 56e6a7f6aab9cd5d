package org.dndllm.format;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dndllm.InvalidInputException;

/**
 * Writes safetensors files as the reference does: tensors by dtype (widest first), then name; a compact header padded
 * with spaces to 8 bytes, so that every tensor is aligned. The same input gives the same bytes, because metadata is
 * sorted by key. Tensors stream from where they are; any size.
 */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;
    private static final long CHUNK = 64L << 20;

    private SafetensorsWriter() {}

    /**
     * Writes a file atomically, replacing an existing one.
     *
     * @throws InvalidInputException when two tensors share a name, a name is reserved, or the header would exceed the
     *     format's 100 MB
     */
    public static void write(Path target, List<TensorView> tensors, Map<String, String> metadata) {
        checkNames(target, tensors);
        List<TensorView> ordered = tensors.stream()
                .sorted(Comparator.comparingInt(
                                (TensorView tensor) -> -tensor.dtype().writeRank())
                        .thenComparing(TensorView::name, SafetensorsWriter::compareUtf8))
                .toList();
        byte[] header = header(target, ordered, metadata);
        AtomicFile.write(target, channel -> {
            ByteBuffer length =
                    ByteBuffer.allocate(SafetensorsFile.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            drain(channel, length.putLong(header.length).flip());
            drain(channel, ByteBuffer.wrap(header));
            for (TensorView tensor : ordered) {
                stream(channel, tensor.data());
            }
        });
    }

    private static void checkNames(Path target, List<TensorView> tensors) {
        Set<String> names = new HashSet<>();
        for (TensorView tensor : tensors) {
            if (tensor.name().equals(SafetensorsFile.METADATA)) {
                throw new InvalidInputException(
                        target.toString(), tensor.name(), "is reserved by the format; rename the tensor");
            }
            if (!names.add(tensor.name())) {
                throw new InvalidInputException(
                        target.toString(), tensor.name(), "two tensors have this name; rename one of them");
            }
        }
    }

    /** The reference orders names by their UTF-8 bytes, which differs from Java's order beyond the basic plane. */
    private static int compareUtf8(String left, String right) {
        return Arrays.compareUnsigned(left.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] header(Path target, List<TensorView> ordered, Map<String, String> metadata) {
        Map<String, Object> fields = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            fields.put(SafetensorsFile.METADATA, new TreeMap<>(metadata));
        }
        long offset = 0;
        for (TensorView tensor : ordered) {
            long end = offset + tensor.data().byteSize();
            Map<String, Object> info = new LinkedHashMap<>();
            info.put("dtype", tensor.dtype().name());
            info.put("shape", tensor.shape());
            info.put("data_offsets", List.of(offset, end));
            fields.put(tensor.name(), info);
            offset = end;
        }
        byte[] text = JsonWriter.compact(fields).getBytes(StandardCharsets.UTF_8);
        int padded = Math.ceilDiv(text.length, ALIGNMENT) * ALIGNMENT;
        if (padded > SafetensorsFile.MAX_HEADER) {
            throw new InvalidInputException(
                    target.toString(),
                    "header",
                    "would take " + padded + " bytes, at most " + SafetensorsFile.MAX_HEADER
                            + " are allowed; use fewer or shorter names and less metadata");
        }
        byte[] header = Arrays.copyOf(text, padded);
        Arrays.fill(header, text.length, padded, (byte) ' ');
        return header;
    }

    private static void stream(FileChannel channel, MemorySegment data) throws IOException {
        // A ByteBuffer holds at most 2 GiB, and writing a heap buffer costs a native copy of its size.
        for (long at = 0; at < data.byteSize(); at += CHUNK) {
            drain(
                    channel,
                    data.asSlice(at, Math.min(CHUNK, data.byteSize() - at)).asByteBuffer());
        }
    }

    private static void drain(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
