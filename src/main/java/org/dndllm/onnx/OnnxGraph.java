package org.dndllm.onnx;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.dndllm.format.TensorView;

/**
 * Builds an ONNX model (IR 10, operator set 21 unless a part needs 22) and writes it: inputs, constants and nodes are added in the order of
 * the computation, each returns the name of its value, and a name that nobody made is refused at once. The same calls
 * give the same bytes.
 *
 * <p>Misuse (unknown value, name used twice, attribute of an unsupported type) is an
 * {@link IllegalArgumentException}. Not thread-safe.
 *
 * <p>Source: ONNX specification, {@code onnx.proto} and {@code docs/ExternalData.md}.
 */
public final class OnnxGraph {
    static final String DEFAULT_DOMAIN = "";

    private final String name;
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> outputs = new ArrayList<>();
    private final List<Initializer> initializers = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> values = new HashSet<>();
    private final Map<String, Integer> serials = new HashMap<>();
    private int operators = ModelFile.OPSET;

    /** A graph input or output; a dimension is a Long, or a String where it is free. */
    record Value(String name, OnnxType type, List<Object> dims) {}

    /** One operator; attributes in order of their names. The default domain is empty. */
    record Node(
            String name,
            String domain,
            String op,
            List<String> inputs,
            List<String> outputs,
            TreeMap<String, Object> attributes) {}

    /** @param name name of the graph, for viewers */
    public OnnxGraph(String name) {
        this.name = name;
    }

    /**
     * Adds an input.
     *
     * @param dims Integer or Long for a fixed dimension, String for a free one
     * @return its value name
     */
    public String input(String inputName, OnnxType type, Object... dims) {
        inputs.add(new Value(define(inputName), type, dimensions(inputName, dims)));
        return inputName;
    }

    /** Declares an existing value as output of the model. */
    public void output(String valueName, OnnxType type, Object... dims) {
        require(valueName, "output");
        for (Value output : outputs) {
            if (output.name().equals(valueName)) {
                throw new IllegalArgumentException(valueName + " is an output already");
            }
        }
        outputs.add(new Value(valueName, type, dimensions(valueName, dims)));
    }

    /** Adds a constant with the view's dtype and shape; the view must live until the model is written. */
    public String initializer(String valueName, TensorView tensor) {
        return initializer(valueName, OnnxType.of(tensor.dtype()), tensor.shape(), sink -> sink.put(tensor.data()));
    }

    /** Adds a constant whose bytes are asked for while the model is written. */
    public String initializer(String valueName, OnnxType type, List<Long> shape, InitializerSource source) {
        for (long dim : shape) {
            if (dim < 0) {
                throw new IllegalArgumentException("initializer " + valueName + ": negative dimension in " + shape);
            }
        }
        initializers.add(new Initializer(define(valueName), type, shape, source));
        return valueName;
    }

    /** Adds a one-dimensional int64 constant: shapes, axes, indices. */
    public String longs(String valueName, long... elements) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * elements.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(elements);
        return initializer(
                valueName,
                OnnxType.INT64,
                List.of((long) elements.length),
                sink -> sink.put(MemorySegment.ofArray(bytes.array())));
    }

    /** Adds a float constant of rank 0. */
    public String scalar(String valueName, float element) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Float.BYTES]);
        bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, element);
        return initializer(valueName, OnnxType.FLOAT, List.of(), sink -> sink.put(bytes));
    }

    /** Adds a double constant of rank 0. */
    public String scalar(String valueName, double element) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Double.BYTES]);
        bytes.set(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, element);
        return initializer(valueName, OnnxType.DOUBLE, List.of(), sink -> sink.put(bytes));
    }

    /** Adds an int64 constant of rank 0. */
    public String scalar(String valueName, long element) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Long.BYTES]);
        bytes.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, element);
        return initializer(valueName, OnnxType.INT64, List.of(), sink -> sink.put(bytes));
    }

    /**
     * Adds an operator with one output.
     *
     * @param op operator of the default domain, such as {@code Conv}
     * @param operands value names; an empty name leaves out an optional operand
     * @param attributes Integer or Long, Float or Double, String, int[] or long[] or List of Integer or Long, float[]
     * @return the name of the output
     */
    public String node(String op, List<String> operands, Map<String, ?> attributes) {
        return node(op, operands, attributes, 1).get(0);
    }

    /** Adds an operator without attributes and with one output. */
    public String node(String op, String... operands) {
        return node(op, List.of(operands), Map.of());
    }

    /**
     * Adds an operator of another domain, version 1, with one output: what only ONNX Runtime knows.
     *
     * @param domain such as {@code com.microsoft.nchwc}
     */
    public String foreignNode(String domain, String op, List<String> operands, Map<String, ?> attributes) {
        String result = freeName(op);
        add(result, domain, op, operands, attributes, List.of(result));
        return result;
    }

    /** Adds an operator with several outputs and returns their names. */
    public List<String> node(String op, List<String> operands, Map<String, ?> attributes, int outputCount) {
        if (outputCount < 1) {
            throw new IllegalArgumentException(op + ": an operator has at least one output, not " + outputCount);
        }
        String base = freeName(op);
        List<String> results = new ArrayList<>();
        for (int i = 0; i < outputCount; i++) {
            results.add(outputCount == 1 ? base : base + "." + i);
        }
        add(base, DEFAULT_DOMAIN, op, operands, attributes, results);
        return List.copyOf(results);
    }

    /** Adds an operator whose one output gets the given name; for outputs of the model. */
    public String namedNode(String outputName, String op, List<String> operands, Map<String, ?> attributes) {
        add(outputName, DEFAULT_DOMAIN, op, operands, attributes, List.of(outputName));
        return outputName;
    }

    /** Bytes of all constants together. */
    public long initializerBytes() {
        return initializers.stream().mapToLong(Initializer::byteSize).sum();
    }

    /**
     * Writes the model, atomically per file. Beyond {@link ExternalData#THRESHOLD} bytes of constants the larger ones
     * go to {@code <file name>.data} beside it, written first.
     *
     * @throws org.dndllm.EnvironmentException when the disk refuses
     */
    public void write(Path target) {
        write(target, ExternalData.AUTO);
    }

    /** As {@link #write(Path)}, with the say over where constants go. */
    public void write(Path target, ExternalData externalData) {
        new ModelFile(this).write(target, externalData);
    }

    /**
     * The model with all constants inside.
     *
     * @throws IllegalArgumentException when the constants exceed {@link ExternalData#THRESHOLD}
     */
    public byte[] toBytes() {
        return new ModelFile(this).inlineBytes();
    }

    /** Declares operators of a later set than {@value ModelFile#OPSET}; what is there already must mean the same in it. */
    void needOperators(int set) {
        operators = Math.max(operators, set);
    }

    boolean has(String valueName) {
        return values.contains(valueName);
    }

    int operators() {
        return operators;
    }

    String name() {
        return name;
    }

    List<Value> inputs() {
        return inputs;
    }

    List<Value> outputs() {
        return outputs;
    }

    List<Initializer> initializers() {
        return initializers;
    }

    List<Node> nodes() {
        return nodes;
    }

    void add(
            String nodeName,
            String domain,
            String op,
            List<String> operands,
            Map<String, ?> attributes,
            List<String> results) {
        for (String operand : operands) {
            if (!operand.isEmpty()) {
                require(operand, op);
            }
        }
        TreeMap<String, Object> sorted = new TreeMap<>(); // Map.of iterates differently in each run
        attributes.forEach((key, value) -> sorted.put(key, AttributeWriter.normalized(op, key, value)));
        results.forEach(this::define);
        nodes.add(new Node(nodeName, domain, op, List.copyOf(operands), List.copyOf(results), sorted));
    }

    private String freeName(String op) {
        while (true) {
            int serial = serials.merge(op, 1, Integer::sum);
            String candidate = op.toLowerCase(Locale.ROOT) + "_" + serial;
            if (!values.contains(candidate)) {
                return candidate;
            }
        }
    }

    private String define(String valueName) {
        if (valueName.isEmpty()) {
            throw new IllegalArgumentException("a value needs a name");
        }
        if (!values.add(valueName)) {
            throw new IllegalArgumentException("value name used twice: " + valueName);
        }
        return valueName;
    }

    private void require(String valueName, String user) {
        if (!values.contains(valueName)) {
            throw new IllegalArgumentException(
                    user + " uses " + valueName + ", which no input, initializer or earlier node defines");
        }
    }

    private static List<Object> dimensions(String valueName, Object[] dims) {
        List<Object> checked = new ArrayList<>();
        for (Object dim : dims) {
            if (dim instanceof Integer i && i >= 0) {
                checked.add(i.longValue());
            } else if (dim instanceof Long l && l >= 0) {
                checked.add(l);
            } else if (dim instanceof String s && !s.isEmpty()) {
                checked.add(s);
            } else {
                throw new IllegalArgumentException(
                        valueName + ": dimension " + dim + " is neither a number from 0 nor a symbol");
            }
        }
        return List.copyOf(checked);
    }
}
