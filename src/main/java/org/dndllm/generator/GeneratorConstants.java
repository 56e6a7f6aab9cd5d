package org.dndllm.generator;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxConstants;

/** The weights of a generator that {@link GeneratorGraph#export} wrote, mapped; a split one is read across its parts. */
final class GeneratorConstants implements WeightSource, AutoCloseable {
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Pattern PART = Pattern.compile("(.+)\\[(\\d{1,9}):(\\d{1,9})]");

    private final Arena arena = Arena.ofConfined();
    private final Path file;
    private final OnnxConstants constants;
    private final Map<String, List<Part>> parts = new HashMap<>();
    private final Map<String, TensorView> mapped = new HashMap<>();

    /** Rows {@code from} to {@code to} of a weight. */
    private record Part(String constant, long from, long to) {}

    /** @throws InvalidInputException when the file cannot be read or is no ONNX model */
    GeneratorConstants(Path onnxFile) {
        this.file = onnxFile;
        this.constants = OnnxConstants.of(onnxFile);
        for (String name : constants.names()) {
            Matcher split = PART.matcher(name);
            if (split.matches()) {
                add(split.group(1), new Part(name, Long.parseLong(split.group(2)), Long.parseLong(split.group(3))));
            } else {
                List<Long> shape = constants.shape(name);
                add(name, new Part(name, 0, shape.isEmpty() ? 1 : shape.getFirst()));
            }
        }
        parts.values().forEach(list -> list.sort(Comparator.comparingLong(Part::from)));
    }

    private void add(String weight, Part part) {
        parts.computeIfAbsent(weight, name -> new ArrayList<>()).add(part);
    }

    @Override
    public List<Long> shape(String name) {
        List<Long> shape =
                new ArrayList<>(constants.shape(partsOf(name).getFirst().constant()));
        if (!shape.isEmpty()) {
            shape.set(0, partsOf(name).getLast().to());
        }
        return shape;
    }

    @Override
    public TensorView rows(String name, long from, long to) {
        List<Long> shape = new ArrayList<>(shape(name));
        shape.set(0, to - from);
        long rowSize = GraphWeights.product(shape.subList(1, shape.size()));
        float[] values = new float[Math.toIntExact((to - from) * rowSize)];
        for (Part part : partsOf(name)) {
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

    private List<Part> partsOf(String name) {
        List<Part> found = parts.get(name);
        if (found == null) {
            throw new InvalidInputException(
                    file.toString(), name, "is missing; take the generator from its bundle, or import it again");
        }
        return found;
    }

    @Override
    public void close() {
        arena.close();
    }
}
