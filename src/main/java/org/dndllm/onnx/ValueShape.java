package org.dndllm.onnx;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What a session says of one of its inputs or outputs.
 *
 * @param name value name
 * @param type ONNX Runtime's name of the element type, such as FLOAT or INT64
 * @param dims sizes; -1 where free
 */
public record ValueShape(String name, String type, List<Long> dims) {
    public ValueShape {
        dims = List.copyOf(dims);
    }

    /** Bytes of such a tensor; -1 where a size is free or the type is none of {@link OnnxType}. */
    long bytes() {
        Optional<OnnxType> known = Arrays.stream(OnnxType.values())
                .filter(candidate -> candidate.name().equals(type))
                .findFirst();
        if (known.isEmpty() || dims.stream().anyMatch(dim -> dim < 0)) {
            return -1;
        }
        return dims.stream().reduce((long) known.get().bytes(), Math::multiplyExact);
    }

    /** Whether a tensor of that shape fits. */
    public boolean accepts(List<Long> shape) {
        if (shape.size() != dims.size()) {
            return false;
        }
        for (int i = 0; i < dims.size(); i++) {
            if (dims.get(i) >= 0 && !dims.get(i).equals(shape.get(i))) {
                return false;
            }
        }
        return true;
    }
}
