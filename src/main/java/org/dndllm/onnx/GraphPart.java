package org.dndllm.onnx;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.dndllm.InvalidInputException;

/**
 * A model that {@link OnnxGraph} wrote, read back to become a part of a larger graph: its nodes are taken over as they
 * are, its constants stream from where they lie. Immutable.
 *
 * <p>Source: {@code onnx.proto}, fields of ModelProto and GraphProto.
 */
public final class GraphPart {
    private static final int GRAPH = 7;
    private static final int OPERATOR_SET = 8;

    private final Path file;
    private final OnnxConstants constants;
    private final List<OnnxGraph.Node> nodes = new ArrayList<>();
    private final Map<String, Optional<OnnxType>> inputs = new LinkedHashMap<>();
    private final Set<String> outputs = new LinkedHashSet<>();

    private GraphPart(Path file, OnnxConstants constants) {
        this.file = file;
        this.constants = constants;
    }

    /**
     * Reads a model's graph; constants are left where they are.
     *
     * @throws InvalidInputException when the file cannot be read, is no ONNX model, or one of another operator set
     */
    public static GraphPart of(Path onnxFile) {
        byte[] bytes = OnnxConstants.bytes(onnxFile);
        String source = onnxFile.toString();
        GraphPart part = new GraphPart(onnxFile, OnnxConstants.of(new ProtoReader(bytes, source), onnxFile));
        ProtoReader model = new ProtoReader(bytes, source);
        while (model.next()) {
            switch (model.field()) {
                case GRAPH -> part.readGraph(model.message());
                case OPERATOR_SET -> part.requireOperators(model.message());
                default -> model.skip();
            }
        }
        return part;
    }

    private void readGraph(ProtoReader graph) {
        while (graph.next()) {
            switch (graph.field()) {
                case 1 -> nodes.add(NodeReader.node(graph.message()));
                case 11 -> {
                    NodeReader.Declared input = NodeReader.value(graph.message());
                    inputs.put(input.name(), input.type());
                }
                case 12 -> outputs.add(NodeReader.value(graph.message()).name());
                default -> graph.skip();
            }
        }
    }

    private void requireOperators(ProtoReader set) {
        String domain = OnnxGraph.DEFAULT_DOMAIN;
        long version = 0;
        while (set.next()) {
            switch (set.field()) {
                case 1 -> domain = set.text();
                case 2 -> version = set.integer();
                default -> set.skip();
            }
        }
        int expected = domain.equals(OnnxGraph.DEFAULT_DOMAIN) ? ModelFile.OPSET : ModelFile.FOREIGN_OPSET;
        if (version != expected) {
            throw refused(
                    "operator set", "'" + domain + "' is version " + version + ", a part needs version " + expected);
        }
    }

    /**
     * Appends the model to a graph. Its values get their own names behind a prefix.
     *
     * @param arguments a value of the graph for each of the model's inputs, by the input's name
     * @param output the output that is wanted; nodes and constants that only others need are left out
     * @param arithmetic in which the nodes compute; arguments and output are of the types that the model gives them
     * @param progress told of the bytes of each constant as they stream into the file of the graph
     * @return the value that the output became
     * @throws InvalidInputException when the model has other inputs, no such output, or does not define what it uses
     */
    public String appendTo(
            OnnxGraph graph,
            String prefix,
            Map<String, String> arguments,
            String output,
            Arithmetic arithmetic,
            LongConsumer progress) {
        if (!inputs.keySet().equals(arguments.keySet())) {
            throw refused("inputs", "are " + inputs.keySet() + ", expected " + arguments.keySet());
        }
        if (!outputs.contains(output)) {
            throw refused("outputs", "are " + outputs + ", expected " + output + " among them");
        }
        List<OnnxGraph.Node> nodes = needed(output);
        requireDefined(nodes);
        if (arithmetic.isPlain()) {
            return appendPlain(graph, prefix, arguments, nodes, output, progress);
        }
        MixedPrecision mixed = new MixedPrecision(
                graph, prefix, arithmetic, constants, new ReducedConstants(file.toString(), constants, progress));
        inputs.forEach((name, type) -> mixed.argument(
                name,
                type.orElseThrow(() -> refused(name, "is an input of a type that dnd never writes")),
                Objects.requireNonNull(arguments.get(name))));
        return mixed.append(nodes, output);
    }

    private String appendPlain(
            OnnxGraph graph,
            String prefix,
            Map<String, String> arguments,
            List<OnnxGraph.Node> nodes,
            String output,
            LongConsumer progress) {
        for (OnnxGraph.Node node : nodes) {
            List<String> operands = new ArrayList<>();
            for (String operand : node.inputs()) {
                if (constants.has(operand) && !arguments.containsKey(operand) && !graph.has(prefix + operand)) {
                    graph.initializer(
                            prefix + operand,
                            constants.type(operand),
                            constants.shape(operand),
                            constants.stream(operand, progress));
                }
                operands.add(operand.isEmpty() ? "" : arguments.getOrDefault(operand, prefix + operand));
            }
            List<String> results =
                    node.outputs().stream().map(name -> prefix + name).toList();
            graph.add(prefix + node.name(), node.domain(), node.op(), operands, node.attributes(), results);
        }
        return prefix + output;
    }

    /** That every operand is an input, a constant or an earlier node's output. */
    private void requireDefined(List<OnnxGraph.Node> nodes) {
        Set<String> defined = new HashSet<>(inputs.keySet());
        for (OnnxGraph.Node node : nodes) {
            for (String operand : node.inputs()) {
                if (!operand.isEmpty() && !defined.contains(operand) && !constants.has(operand)) {
                    throw refused(
                            operand,
                            "is used but is no constant of a known type, no input and no earlier node's output");
                }
            }
            defined.addAll(node.outputs());
        }
    }

    /** The nodes that a value depends on, in their order. */
    private List<OnnxGraph.Node> needed(String output) {
        Set<String> wanted = new HashSet<>(Set.of(output));
        List<OnnxGraph.Node> found = new ArrayList<>();
        for (OnnxGraph.Node node : nodes.reversed()) {
            if (node.outputs().stream().anyMatch(wanted::contains)) {
                wanted.addAll(node.inputs());
                found.add(node);
            }
        }
        return found.reversed();
    }

    private InvalidInputException refused(String field, String problem) {
        return new InvalidInputException(
                file.toString(), field, problem + "; only graphs that dnd wrote can be joined: make the bundle anew");
    }
}
