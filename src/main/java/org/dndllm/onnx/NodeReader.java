package org.dndllm.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Nodes and values of a graph, read from {@code onnx.proto: NodeProto, AttributeProto, ValueInfoProto}. */
final class NodeReader {
    private NodeReader() {}

    static OnnxGraph.Node node(ProtoReader node) {
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        TreeMap<String, Object> attributes = new TreeMap<>();
        String name = "";
        String op = "";
        String domain = OnnxGraph.DEFAULT_DOMAIN;
        while (node.next()) {
            switch (node.field()) {
                case 1 -> inputs.add(node.text());
                case 2 -> outputs.add(node.text());
                case 3 -> name = node.text();
                case 4 -> op = node.text();
                case 5 -> attribute(node.message(), attributes);
                case 7 -> domain = node.text();
                default -> node.skip();
            }
        }
        return new OnnxGraph.Node(name, domain, op, inputs, outputs, attributes);
    }

    /** As {@link AttributeWriter} wrote it: one field says what the value is, the others hold it. */
    private static void attribute(ProtoReader attribute, TreeMap<String, Object> into) {
        String name = "";
        float real = 0;
        long integer = 0;
        String text = "";
        List<Float> reals = new ArrayList<>();
        List<Long> integers = new ArrayList<>();
        long type = 0;
        while (attribute.next()) {
            switch (attribute.field()) {
                case 1 -> name = attribute.text();
                case 2 -> real = attribute.float32();
                case 3 -> integer = attribute.integer();
                case 4 -> text = attribute.text();
                case 7 -> reals.add(attribute.float32());
                case 8 -> integers.add(attribute.integer());
                case 20 -> type = attribute.integer();
                default -> attribute.skip();
            }
        }
        Object value = switch ((int) type) {
            case AttributeWriter.FLOAT -> real;
            case AttributeWriter.INT -> integer;
            case AttributeWriter.STRING -> text;
            case AttributeWriter.FLOATS -> floats(reals);
            case AttributeWriter.INTS ->
                integers.stream().mapToLong(Long::longValue).toArray();
            default ->
                throw attribute.malformed("attribute " + name + " has type " + type + ", which dnd never writes");
        };
        into.put(name, value);
    }

    private static float[] floats(List<Float> values) {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        return floats;
    }

    /** A graph's input or output: its name, and the type of its elements where that is one we know. */
    record Declared(String name, Optional<OnnxType> type) {}

    static Declared value(ProtoReader value) {
        String name = "";
        Optional<OnnxType> type = Optional.empty();
        while (value.next()) {
            switch (value.field()) {
                case 1 -> name = value.text();
                case 2 -> type = elementType(value.message());
                default -> value.skip();
            }
        }
        return new Declared(name, type);
    }

    private static Optional<OnnxType> elementType(ProtoReader declared) {
        Optional<OnnxType> type = Optional.empty();
        while (declared.next()) {
            if (declared.field() != 1) {
                declared.skip();
                continue;
            }
            ProtoReader tensor = declared.message();
            while (tensor.next()) {
                if (tensor.field() == 1) {
                    type = OnnxType.byCode(tensor.integer());
                } else {
                    tensor.skip();
                }
            }
        }
        return type;
    }
}
