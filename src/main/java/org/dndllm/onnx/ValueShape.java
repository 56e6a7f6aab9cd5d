package org.dndllm.onnx;

import java.util.List;

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
