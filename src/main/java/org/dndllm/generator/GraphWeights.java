package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.InitializerSource;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/** Declares a generator's weights in its graph as float constants that stream from their source in small pieces. */
final class GraphWeights {
    /** Weights stream to disk in pieces of about this many values: 16 MiB. */
    private static final long PIECE = 4L << 20;

    private final OnnxGraph graph;
    private final Map<String, List<Long>> shapes;
    private final WeightSource source;

    /** @throws InvalidInputException when a weight is missing or has another shape than the configuration gives it */
    GraphWeights(OnnxGraph graph, GeneratorConfig config, WeightSource source) {
        this.graph = graph;
        this.shapes = config.weightShapes();
        this.source = source;
        shapes.forEach((name, expected) -> {
            List<Long> found = source.shape(name);
            if (!found.equals(expected)) {
                throw new InvalidInputException(
                        "<generator weights>",
                        name,
                        "has shape " + found + ", but this configuration needs " + expected
                                + "; choose the configuration that the weights were trained with");
            }
        });
    }

    List<Long> shape(String name) {
        return Objects.requireNonNull(shapes.get(name), name);
    }

    /** A weight under its own name. */
    String whole(String name) {
        return rows(name, 0, shape(name).getFirst());
    }

    /** A weight under its own name, with extents of 1 behind its own. */
    String widened(String name, int extents) {
        List<Long> shape = new ArrayList<>(shape(name));
        while (shape.size() < extents) {
            shape.add(1L);
        }
        return graph.initializer(name, OnnxType.FLOAT, shape, stream(name, 0, shape.getFirst()));
    }

    /** A weight under its own name with another shape of as many values. */
    String shaped(String name, long... extents) {
        return graph.initializer(
                name,
                OnnxType.FLOAT,
                Arrays.stream(extents).boxed().toList(),
                stream(name, 0, shape(name).getFirst()));
    }

    /** The values of the part of a weight whose first index is in {@code [from, to)}. */
    float[] floats(String name, long from, long to) {
        return source.rows(name, from, to).toFloats();
    }

    /** Part of a weight under its own name, with the range when it is not whole. */
    String rows(String name, long from, long to) {
        List<Long> shape = new ArrayList<>(shape(name));
        boolean whole = from == 0 && to == shape.getFirst();
        shape.set(0, to - from);
        String valueName = whole ? name : name + "[" + from + ":" + to + "]";
        return graph.initializer(valueName, OnnxType.FLOAT, shape, stream(name, from, to));
    }

    private InitializerSource stream(String name, long from, long to) {
        List<Long> shape = shape(name);
        long step = Math.max(1, PIECE / product(shape.subList(1, shape.size())));
        return sink -> {
            for (long row = from; row < to; row += step) {
                sink.put(floats(source.rows(name, row, Math.min(to, row + step))));
            }
        };
    }

    /** F32 passes as it is, other float types are widened. */
    private static MemorySegment floats(TensorView part) {
        return part.dtype() == DType.F32 ? part.data() : MemorySegment.ofArray(part.toFloats());
    }

    static long product(List<Long> extents) {
        return extents.stream().reduce(1L, Math::multiplyExact);
    }
}
