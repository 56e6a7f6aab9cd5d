package org.dndllm.onnx;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Nodes of a model taken over into a graph in another precision. Convolutions, matrix products and linear layers compute in
 * 16 bits, and so does what lies between two of them and neither reduces nor normalises. Everything else computes in float:
 * normalisations, softmax, reductions, and all that follows the last product. Inputs and the output stay what they were.
 *
 * <p>In INT8 only weights change: a product's constant is kept in 8 bits and widened before its use.
 */
final class MixedPrecision {
    /** Conv has a BFLOAT16 form from operator set 22 on. */
    private static final int BFLOAT16_OPERATORS = 22;

    private static final Set<String> PRODUCTS = Set.of("Conv", "MatMul", "Gemm");

    /** What may stay in 16 bits: copies of values, and what each value becomes by itself. */
    private static final Set<String> BETWEEN = Set.of(
            "Transpose",
            "Reshape",
            "Unsqueeze",
            "Squeeze",
            "Identity",
            "Concat",
            "Slice",
            "Gather",
            "Add",
            "Sub",
            "Mul",
            "Div",
            "Tanh",
            "Gelu");

    private final OnnxGraph graph;
    private final String prefix;
    private final Arithmetic arithmetic;
    private final OnnxConstants constants;
    private final ReducedConstants reduced;
    private final OnnxType narrow;
    /** The value of the graph that a value of the model became, and its type where that is FLOAT or narrow. */
    private final Map<String, Typed> values = new HashMap<>();

    private final Map<Typed, String> converted = new HashMap<>();
    private final Set<String> reachesProduct = new HashSet<>();

    /** A value of the graph; {@code type} is OTHER for integers, booleans and doubles, which pass as they are. */
    private record Typed(String name, Kind type) {}

    private enum Kind {
        WIDE,
        NARROW,
        OTHER
    }

    MixedPrecision(
            OnnxGraph graph, String prefix, Arithmetic arithmetic, OnnxConstants constants, ReducedConstants reduced) {
        this.graph = graph;
        this.prefix = prefix;
        this.arithmetic = arithmetic;
        this.constants = constants;
        this.reduced = reduced;
        this.narrow = arithmetic.precision() == Precision.BF16 ? OnnxType.BFLOAT16 : OnnxType.FLOAT16;
        if (narrow == OnnxType.BFLOAT16 && !arithmetic.emulated()) {
            graph.needOperators(BFLOAT16_OPERATORS);
        }
    }

    /** An input of the model: the value of the graph that takes its place. */
    void argument(String input, OnnxType type, String value) {
        values.put(input, new Typed(value, type == OnnxType.FLOAT ? Kind.WIDE : Kind.OTHER));
    }

    /**
     * Takes nodes over.
     *
     * @param nodes in order, each of whose operands is an argument, a constant or an earlier result
     * @param output the value that is wanted, float
     * @return the value of the graph that it became, float
     */
    String append(List<OnnxGraph.Node> nodes, String output) {
        for (OnnxGraph.Node node : nodes.reversed()) {
            if (PRODUCTS.contains(node.op()) || node.outputs().stream().anyMatch(reachesProduct::contains)) {
                reachesProduct.addAll(node.inputs());
            }
        }
        nodes.forEach(this::take);
        return as(Kind.WIDE, valueOf(output));
    }

    private void take(OnnxGraph.Node node) {
        Kind kind = kind(node);
        List<String> operands = new ArrayList<>();
        boolean real = false;
        for (int i = 0; i < node.inputs().size(); i++) {
            String operand = node.inputs().get(i);
            if (operand.isEmpty()) {
                operands.add("");
                continue;
            }
            Typed value = operand(node, i, kind);
            real |= value.type() != Kind.OTHER;
            operands.add(asUsed(node, kind, value));
        }
        Kind result = resultKind(node, kind, real);
        List<String> results = node.outputs().stream().map(this::prefixed).toList();
        boolean rounded = result == Kind.NARROW && arithmetic.emulated();
        List<String> made =
                rounded ? results.stream().map(name -> name + ".wide").toList() : results;
        graph.add(prefixed(node.name()), node.domain(), node.op(), operands, node.attributes(), made);
        if (rounded) {
            round(made, results);
        }
        for (int i = 0; i < results.size(); i++) {
            values.put(node.outputs().get(i), new Typed(results.get(i), result));
        }
    }

    private void round(List<String> wide, List<String> results) {
        for (int i = 0; i < wide.size(); i++) {
            graph.add(
                    results.get(i) + ".rounding",
                    OnnxGraph.DEFAULT_DOMAIN,
                    "Cast",
                    List.of(wide.get(i)),
                    Map.of("to", narrow.code()),
                    List.of(results.get(i)));
        }
    }

    /** In what a node computes, where its operands are real numbers at all. */
    private Kind kind(OnnxGraph.Node node) {
        if (arithmetic.precision() == Precision.INT8) {
            return Kind.WIDE;
        }
        if (PRODUCTS.contains(node.op())) {
            return Kind.NARROW;
        }
        boolean between = BETWEEN.contains(node.op())
                && node.outputs().stream().anyMatch(reachesProduct::contains)
                && node.inputs().stream()
                        .noneMatch(input ->
                                values.containsKey(input) && valueOf(input).type() == Kind.WIDE);
        return between ? Kind.NARROW : Kind.WIDE;
    }

    private Kind resultKind(OnnxGraph.Node node, Kind kind, boolean real) {
        return switch (node.op()) {
            case "Cast" ->
                node.attributes().get("to") instanceof Long to && to == OnnxType.FLOAT.code() ? Kind.WIDE : Kind.OTHER;
            case "Shape", "Equal" -> Kind.OTHER;
            default -> real ? kind : Kind.OTHER;
        };
    }

    private Typed operand(OnnxGraph.Node node, int position, Kind kind) {
        String name = node.inputs().get(position);
        if (values.containsKey(name)) {
            return valueOf(name);
        }
        if (constants.type(name) != OnnxType.FLOAT) {
            return constant(name, Kind.OTHER);
        }
        if (arithmetic.precision() == Precision.INT8 && position == 1 && PRODUCTS.contains(node.op())) {
            return new Typed(eightBits(name, outputAxis(node)), Kind.WIDE);
        }
        return constant(name, kind);
    }

    /** A value as a node of that kind reads it; Cast alone reads any. */
    private String asUsed(OnnxGraph.Node node, Kind kind, Typed value) {
        if (value.type() == Kind.OTHER || node.op().equals("Cast")) {
            return value.name();
        }
        String used = as(kind, value);
        boolean widened = kind == Kind.NARROW && arithmetic.emulated();
        return widened ? as(Kind.WIDE, new Typed(used, Kind.NARROW)) : used;
    }

    private String as(Kind kind, Typed value) {
        if (value.type() == kind) {
            return value.name();
        }
        OnnxType type = kind == Kind.WIDE ? OnnxType.FLOAT : narrow;
        return converted.computeIfAbsent(
                value,
                from -> graph.namedNode(
                        from.name() + "." + type.name().toLowerCase(Locale.ROOT),
                        "Cast",
                        List.of(from.name()),
                        Map.of("to", type.code())));
    }

    // ---- constants ------------------------------------------------------------------------------------------------

    /** A constant, once in each form that is used. */
    private Typed constant(String name, Kind kind) {
        String value = kind == Kind.NARROW ? prefixed(name) + ".narrow" : prefixed(name);
        Typed constant = new Typed(value, kind);
        if (!graph.has(value)) {
            if (kind == Kind.NARROW) {
                graph.initializer(value, narrow, constants.shape(name), reduced.sixteenBits(name, narrow));
            } else {
                graph.initializer(value, constants.type(name), constants.shape(name), reduced.asIs(name));
            }
        }
        return constant;
    }

    private String eightBits(String name, int axis) {
        String value = prefixed(name) + ".widened";
        if (!graph.has(value)) {
            List<Long> shape = constants.shape(name);
            String bits =
                    graph.initializer(prefixed(name) + ".bits", OnnxType.INT8, shape, reduced.eightBits(name, axis));
            String steps = graph.initializer(
                    prefixed(name) + ".steps", OnnxType.FLOAT, List.of(shape.get(axis)), reduced.steps(name, axis));
            graph.namedNode(value, "DequantizeLinear", List.of(bits, steps), Map.of("axis", axis));
        }
        return value;
    }

    /** The axis of a product's second operand along which its outputs lie. */
    private int outputAxis(OnnxGraph.Node node) {
        boolean outputsFirst = switch (node.op()) {
            case "Conv" -> true;
            case "Gemm" -> Long.valueOf(1).equals(node.attributes().get("transB"));
            default -> false;
        };
        return outputsFirst ? 0 : constants.shape(node.inputs().get(1)).size() - 1;
    }

    private Typed valueOf(String name) {
        return Objects.requireNonNull(values.get(name), name);
    }

    private String prefixed(String name) {
        return prefix + name;
    }
}
