package org.dndllm.onnx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;

/**
 * The constants of an ONNX model that {@link OnnxGraph} wrote, from the file or from the data file beside it. Only their
 * places are kept; values are read when asked for. Immutable.
 *
 * <p>Source: {@code onnx.proto}, fields of ModelProto, GraphProto and TensorProto.
 */
public final class OnnxConstants {
    private static final int GRAPH = 7;
    private static final int INITIALIZER = 5;
    private static final long MOST_GRAPH_BYTES = 1L << 30;
    /** Larger constants are mapped, and handed on in pieces of this many bytes. */
    private static final long PIECE = 16L << 20;

    private final Map<String, Place> places;

    private OnnxConstants(Map<String, Place> places) {
        this.places = places;
    }

    /**
     * @param file that holds the bytes
     * @param offset of the first
     * @param length in bytes
     */
    private record Place(OnnxType type, List<Long> shape, Path file, long offset, long length) {}

    /**
     * Finds the constants of a model.
     *
     * @throws InvalidInputException when the file cannot be read or is no ONNX model
     */
    public static OnnxConstants of(Path onnxFile) {
        return of(new ProtoReader(bytes(onnxFile), onnxFile.toString()), onnxFile);
    }

    /** @param model at its beginning */
    static OnnxConstants of(ProtoReader model, Path onnxFile) {
        Map<String, Place> places = new LinkedHashMap<>();
        while (model.next()) {
            if (model.field() == GRAPH) {
                graph(model.message(), onnxFile, places);
            } else {
                model.skip();
            }
        }
        return new OnnxConstants(places);
    }

    /** The whole model file; constants beside it are not read. */
    static byte[] bytes(Path onnxFile) {
        try {
            if (Files.size(onnxFile) > MOST_GRAPH_BYTES) {
                throw new InvalidInputException(
                        onnxFile.toString(), "size", "is " + Files.size(onnxFile) + " bytes, too large for a graph");
            }
            return Files.readAllBytes(onnxFile);
        } catch (IOException e) {
            throw new InvalidInputException(onnxFile.toString(), "file", "cannot be read (" + e + ")", e);
        }
    }

    private static void graph(ProtoReader graph, Path file, Map<String, Place> places) {
        while (graph.next()) {
            if (graph.field() == INITIALIZER) {
                tensor(graph.message(), file, places);
            } else {
                graph.skip();
            }
        }
    }

    private static void tensor(ProtoReader tensor, Path file, Map<String, Place> places) {
        List<Long> shape = new ArrayList<>();
        String name = "";
        long type = 0;
        long[] range = {0, 0};
        Map<String, String> external = new LinkedHashMap<>();
        while (tensor.next()) {
            switch (tensor.field()) {
                case 1 -> shape.add(tensor.integer());
                case 2 -> type = tensor.integer();
                case 8 -> name = tensor.text();
                case 9 -> range = tensor.range();
                case 13 -> entry(tensor.message(), external);
                default -> tensor.skip();
            }
        }
        Optional<OnnxType> known = OnnxType.byCode(type);
        if (known.isEmpty()) {
            return;
        }
        Path holder = file;
        if (!external.isEmpty()) {
            try {
                holder = file.resolveSibling(
                        Path.of(external.getOrDefault("location", "")).getFileName());
                range = new long[] {
                    Long.parseLong(external.getOrDefault("offset", "")),
                    Long.parseLong(external.getOrDefault("length", ""))
                };
            } catch (NumberFormatException e) {
                throw tensor.malformed("constant " + name + " says " + external);
            }
        }
        places.put(name, new Place(known.get(), List.copyOf(shape), holder, range[0], range[1]));
    }

    private static void entry(ProtoReader entry, Map<String, String> into) {
        String key = "";
        String value = "";
        while (entry.next()) {
            switch (entry.field()) {
                case 1 -> key = entry.text();
                case 2 -> value = entry.text();
                default -> entry.skip();
            }
        }
        into.put(key, value);
    }

    /** Names of all float32 constants, in file order. */
    public Set<String> names() {
        return places.entrySet().stream()
                .filter(entry -> entry.getValue().type() == OnnxType.FLOAT)
                .map(Map.Entry::getKey)
                .collect(Collectors.collectingAndThen(
                        Collectors.toCollection(LinkedHashSet::new), Collections::unmodifiableSet));
    }

    boolean has(String name) {
        return places.containsKey(name);
    }

    OnnxType type(String name) {
        return place(name).type();
    }

    /**
     * A constant as the constant of another graph, read while that is written.
     *
     * @param progress told of the bytes of each piece
     */
    InitializerSource stream(String name, LongConsumer progress) {
        Place place = place(name);
        return sink -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = (place.length() > PIECE ? map(name, arena) : read(name)).data();
                for (long at = 0; at < bytes.byteSize(); at += PIECE) {
                    long size = Math.min(PIECE, bytes.byteSize() - at);
                    sink.put(bytes.asSlice(at, size));
                    progress.accept(size);
                }
            }
        };
    }

    /**
     * Where a constant's values lie, for another program: little-endian, row-major.
     *
     * @param file that holds them
     * @param offset of the first byte
     * @param bytes of all
     */
    public record Stored(Path file, long offset, long bytes) {}

    /**
     * Where a constant's values lie.
     *
     * @throws InvalidInputException when there is none of that name
     */
    public Stored stored(String name) {
        Place place = place(name);
        return new Stored(place.file(), place.offset(), place.length());
    }

    /** A constant's shape, outermost extent first. */
    public List<Long> shape(String name) {
        return place(name).shape();
    }

    /**
     * A constant's values where they lie in their file, mapped for as long as the arena lives.
     *
     * @throws InvalidInputException when there is none of that name or its bytes cannot be mapped
     */
    public TensorView map(String name, Arena arena) {
        Place place = place(name);
        try (FileChannel channel = FileChannel.open(place.file())) {
            if (channel.size() < place.offset() + place.length()) {
                throw endsEarly(place, name);
            }
            return view(name, place, channel.map(FileChannel.MapMode.READ_ONLY, place.offset(), place.length(), arena));
        } catch (IOException e) {
            throw new InvalidInputException(place.file().toString(), name, "cannot be mapped (" + e + ")", e);
        }
    }

    /**
     * A constant's values, in memory of their own.
     *
     * @throws InvalidInputException when there is none of that name or its bytes cannot be read
     */
    public TensorView read(String name) {
        Place place = place(name);
        byte[] bytes = new byte[Math.toIntExact(place.length())];
        try (FileChannel channel = FileChannel.open(place.file())) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining() && channel.read(buffer, place.offset() + buffer.position()) >= 0) {
                // reads as much as it likes
            }
            if (buffer.hasRemaining()) {
                throw endsEarly(place, name);
            }
            return view(name, place, MemorySegment.ofArray(bytes));
        } catch (IOException e) {
            throw new InvalidInputException(place.file().toString(), name, "cannot be read (" + e + ")", e);
        }
    }

    private Place place(String name) {
        Place place = places.get(name);
        if (place == null) {
            throw new InvalidInputException("<graph>", name, "is not among the constants " + places.keySet());
        }
        return place;
    }

    private static TensorView view(String name, Place place, MemorySegment bytes) {
        try {
            return new TensorView(name, place.type().dtype(), place.shape(), bytes);
        } catch (IllegalArgumentException e) {
            throw new InvalidInputException(
                    place.file().toString(), name, "has " + place.length() + " bytes for shape " + place.shape(), e);
        }
    }

    private static InvalidInputException endsEarly(Place place, String name) {
        return new InvalidInputException(
                place.file().toString(), name, "ends before its last value; take another copy");
    }
}
