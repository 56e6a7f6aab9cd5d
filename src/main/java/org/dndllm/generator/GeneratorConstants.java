package org.dndllm.generator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxConstants;

/** The weights of a generator that {@link GeneratorGraph#export} wrote, mapped; a split one is read across its parts. */
final class GeneratorConstants implements WeightSource, AutoCloseable {
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Arena arena = Arena.ofConfined();
    private final OnnxConstants constants;
    private final WeightParts parts;
    private final Map<String, TensorView> mapped = new HashMap<>();

    /** @throws InvalidInputException when the file cannot be read or is no ONNX model */
    GeneratorConstants(Path onnxFile) {
        this.constants = OnnxConstants.of(onnxFile);
        this.parts = new WeightParts(constants, onnxFile.toString());
    }

    @Override
    public List<Long> shape(String name) {
        List<Long> shape =
                new ArrayList<>(constants.shape(parts.of(name).getFirst().constant()));
        if (!shape.isEmpty()) {
            shape.set(0, parts.of(name).getLast().to());
        }
        return shape;
    }

    @Override
    public TensorView rows(String name, long from, long to) {
        List<Long> shape = new ArrayList<>(shape(name));
        shape.set(0, to - from);
        long rowSize = GraphWeights.product(shape.subList(1, shape.size()));
        float[] values = new float[Math.toIntExact((to - from) * rowSize)];
        for (WeightParts.Part part : parts.of(name)) {
            long first = Math.max(from, part.from());
            long last = Math.min(to, part.to());
            if (first < last) {
                TensorView whole = mapped.computeIfAbsent(part.constant(), constant -> constants.map(constant, arena));
                MemorySegment.copy(
                        whole.data(),
                        LITTLE_ENDIAN,
                        (first - part.from()) * rowSize * Float.BYTES,
                        values,
                        Math.toIntExact((first - from) * rowSize),
                        Math.toIntExact((last - first) * rowSize));
            }
        }
        return TensorView.ofFloats(name, shape, values);
    }

    @Override
    public void close() {
        arena.close();
    }
}
