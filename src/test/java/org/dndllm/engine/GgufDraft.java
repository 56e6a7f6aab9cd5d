package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufValue;
import org.dndllm.format.GgufWriter;

/** A sound GGUF file taken apart, so that one thing can be spoilt before it is put together again. */
final class GgufDraft {
    /** ggml order of dims. */
    record Tensor(GgmlType type, List<Long> dims, byte[] data) {}

    final Map<String, GgufValue> keys;
    final Map<String, Tensor> tensors;

    private GgufDraft(Map<String, GgufValue> keys, Map<String, Tensor> tensors) {
        this.keys = keys;
        this.tensors = tensors;
    }

    static GgufDraft of(byte[] gguf) {
        try (GgufFile file = GgufFile.of(MemorySegment.ofArray(gguf), "sound.gguf")) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (GgufTensor tensor : file.tensors()) {
                byte[] data = tensor.data().toArray(ValueLayout.JAVA_BYTE);
                tensors.put(tensor.name(), new Tensor(tensor.type(), tensor.dims(), data));
            }
            return new GgufDraft(new LinkedHashMap<>(file.metadata()), tensors);
        }
    }

    GgufDraft copy() {
        return new GgufDraft(new LinkedHashMap<>(keys), new LinkedHashMap<>(tensors));
    }

    GgufDraft rename(String from, String to) {
        Tensor tensor = tensors.remove(from);
        if (tensor == null) {
            throw new IllegalArgumentException(from);
        }
        tensors.put(to, tensor);
        return this;
    }

    /** Puts a tensor of zeros. */
    GgufDraft zeros(String name, GgmlType type, Long... dims) {
        long elements = 1;
        for (long dim : dims) {
            elements *= dim;
        }
        tensors.put(name, new Tensor(type, List.of(dims), new byte[(int) type.bytesFor(elements)]));
        return this;
    }

    /** Overwrites bytes of a tensor's data, from byte {@code at} on. */
    GgufDraft bytes(String name, int at, int... values) {
        Tensor tensor = tensors.get(name);
        byte[] data = tensor.data().clone();
        for (int i = 0; i < values.length; i++) {
            data[at + i] = (byte) values[i];
        }
        tensors.put(name, new Tensor(tensor.type(), tensor.dims(), data));
        return this;
    }

    byte[] bytes() {
        GgufWriter writer = new GgufWriter();
        keys.forEach(writer::put);
        tensors.forEach((name, tensor) ->
                writer.tensor(name, tensor.type(), tensor.dims(), MemorySegment.ofArray(tensor.data())));
        try (Arena arena = Arena.ofConfined()) {
            return writer.toMemory(arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** A raw edit of a whole file: the little-endian 32-bit number at {@code at}. */
    static byte[] int32(byte[] file, int at, int value) {
        byte[] copy = file.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
        return copy;
    }

    /** A raw edit of a whole file: the little-endian 64-bit number at {@code at}. */
    static byte[] int64(byte[] file, int at, long value) {
        byte[] copy = file.clone();
        ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return copy;
    }

    /** Where the bytes of that key or tensor name end in a file: what describes it follows. */
    static int after(byte[] file, String name) {
        byte[] text = name.getBytes(StandardCharsets.UTF_8);
        for (int at = 0; at + text.length <= file.length; at++) {
            if (Arrays.equals(file, at, at + text.length, text, 0, text.length)) {
                return at + text.length;
            }
        }
        throw new IllegalArgumentException(name);
    }

    static Path save(Path folder, String name, byte[] bytes) {
        try {
            Files.createDirectories(folder);
            return Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
