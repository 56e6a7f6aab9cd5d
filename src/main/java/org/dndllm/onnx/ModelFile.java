package org.dndllm.onnx;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;

/** Turns a graph into {@code ModelProto} bytes and, for large constants, an external data file. */
final class ModelFile {
    private static final int IR_VERSION = 10;
    static final int OPSET = 21;
    static final int FOREIGN_OPSET = 1;
    private static final int EXTERNAL = 1;

    /** A segment's bytes reach a channel through a ByteBuffer, which holds at most 2 GiB; smaller keeps copies small. */
    private static final long PIECE = 8L << 20;

    private final OnnxGraph graph;

    ModelFile(OnnxGraph graph) {
        this.graph = graph;
    }

    byte[] inlineBytes() {
        if (graph.initializerBytes() > ExternalData.THRESHOLD) {
            throw new IllegalArgumentException("graph " + graph.name() + " holds " + graph.initializerBytes()
                    + " bytes of constants; beyond " + ExternalData.THRESHOLD + " write it with external data");
        }
        try {
            return model(Map.of(), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void write(Path target, ExternalData mode) {
        boolean outside = mode == ExternalData.ALWAYS
                || mode == ExternalData.AUTO && graph.initializerBytes() > ExternalData.THRESHOLD;
        if (!outside) {
            byte[] bytes = inlineBytes();
            AtomicFile.write(target, channel -> writeFully(channel, MemorySegment.ofArray(bytes)));
            return;
        }
        Path file = target.getFileName();
        if (file == null) {
            throw new InvalidInputException(target.toString(), "output", "has no file name; name a file");
        }
        Map<String, Long> offsets = offsets(graph.initializers());
        String location = file + ".data";
        AtomicFile.write(target.resolveSibling(location), channel -> writeData(channel, offsets));
        AtomicFile.write(target, channel -> writeFully(channel, MemorySegment.ofArray(model(offsets, location))));
    }

    /** Offset in the data file of each constant that goes there. */
    static Map<String, Long> offsets(List<Initializer> initializers) {
        Map<String, Long> offsets = new HashMap<>();
        long end = 0;
        for (Initializer initializer : initializers) {
            if (initializer.byteSize() >= ExternalData.SMALL) {
                long start = Math.ceilDiv(end, ExternalData.ALIGNMENT) * ExternalData.ALIGNMENT;
                offsets.put(initializer.name(), start);
                end = Math.addExact(start, initializer.byteSize());
            }
        }
        return offsets;
    }

    private void writeData(FileChannel channel, Map<String, Long> offsets) throws IOException {
        for (Initializer initializer : graph.initializers()) {
            Long offset = offsets.get(initializer.name());
            if (offset != null) {
                writeFully(channel, MemorySegment.ofArray(new byte[Math.toIntExact(offset - channel.position())]));
                initializer.stream(bytes -> writeFully(channel, bytes));
            }
        }
    }

    private static void writeFully(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            MemorySegment piece = bytes.asSlice(at, Math.min(PIECE, bytes.byteSize() - at));
            ByteBuffer buffer = byteBuffer(piece);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }

    /** Segments over float[] refuse asByteBuffer, so heap memory is copied piece by piece. */
    private static ByteBuffer byteBuffer(MemorySegment piece) {
        return piece.isNative() ? piece.asByteBuffer() : ByteBuffer.wrap(piece.toArray(ValueLayout.JAVA_BYTE));
    }

    private byte[] model(Map<String, Long> offsets, String location) throws IOException {
        ProtoWriter out = new ProtoWriter()
                .integer(1, IR_VERSION)
                .text(2, "dnd")
                .message(7, graphProto(offsets, location))
                .message(8, operatorSet(OnnxGraph.DEFAULT_DOMAIN, graph.operators()));
        graph.nodes().stream()
                .map(OnnxGraph.Node::domain)
                .filter(domain -> !domain.equals(OnnxGraph.DEFAULT_DOMAIN))
                .distinct()
                .sorted()
                .forEach(domain -> out.message(8, operatorSet(domain, FOREIGN_OPSET)));
        return out.toBytes();
    }

    private static ProtoWriter operatorSet(String domain, int version) {
        return new ProtoWriter().text(1, domain).integer(2, version);
    }

    private ProtoWriter graphProto(Map<String, Long> offsets, String location) throws IOException {
        ProtoWriter out = new ProtoWriter();
        for (OnnxGraph.Node node : graph.nodes()) {
            out.message(1, nodeProto(node));
        }
        out.text(2, graph.name());
        for (Initializer initializer : graph.initializers()) {
            out.message(5, tensorProto(initializer, offsets.getOrDefault(initializer.name(), -1L), location));
        }
        for (OnnxGraph.Value input : graph.inputs()) {
            out.message(11, valueProto(input));
        }
        for (OnnxGraph.Value output : graph.outputs()) {
            out.message(12, valueProto(output));
        }
        return out;
    }

    private static ProtoWriter nodeProto(OnnxGraph.Node node) {
        ProtoWriter out = new ProtoWriter();
        node.inputs().forEach(input -> out.text(1, input));
        node.outputs().forEach(output -> out.text(2, output));
        out.text(3, node.name()).text(4, node.op());
        node.attributes().forEach((key, value) -> out.message(5, AttributeWriter.attribute(key, value)));
        if (!node.domain().equals(OnnxGraph.DEFAULT_DOMAIN)) {
            out.text(7, node.domain());
        }
        return out;
    }

    private static ProtoWriter tensorProto(Initializer initializer, long offset, String location) throws IOException {
        ProtoWriter out = new ProtoWriter();
        initializer.shape().forEach(dim -> out.integer(1, dim));
        out.integer(2, initializer.type().code()).text(8, initializer.name());
        if (offset < 0) {
            return out.bytes(9, initializer.toBytes());
        }
        return out.message(13, entry("location", location))
                .message(13, entry("offset", Long.toString(offset)))
                .message(13, entry("length", Long.toString(initializer.byteSize())))
                .integer(14, EXTERNAL);
    }

    private static ProtoWriter entry(String key, String value) {
        return new ProtoWriter().text(1, key).text(2, value);
    }

    private static ProtoWriter valueProto(OnnxGraph.Value value) {
        ProtoWriter shape = new ProtoWriter();
        for (Object dim : value.dims()) {
            shape.message(
                    1,
                    dim instanceof Long size
                            ? new ProtoWriter().integer(1, size)
                            : new ProtoWriter().text(2, dim.toString()));
        }
        ProtoWriter tensor = new ProtoWriter().integer(1, value.type().code()).message(2, shape);
        return new ProtoWriter().text(1, value.name()).message(2, new ProtoWriter().message(1, tensor));
    }
}
