package org.dndllm.llama;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;

/**
 * Whether a file's tensors are there, of the shape that the metadata promise and of a type that ggml can compute with; it
 * asserts otherwise.
 *
 * @param whole what to get instead of a file that lacks one, such as {@code a complete base model}
 */
record TensorChecks(GgufFile file, String whole) {
    /** A tensor of that shape; ggml's order, the contiguous dimension first. */
    GgufTensor tensor(String name, List<Long> dims) {
        GgufTensor tensor = file.tensor(name)
                .orElseThrow(() -> new InvalidInputException(file.source(), name, "is missing; choose " + whole));
        if (tensor.dims().equals(dims) == false) {
            throw new InvalidInputException(
                    file.source(), name, "has shape " + tensor.dims() + "; expected " + dims + " by the metadata");
        }
        return tensor;
    }

    /** A norm or a bias. */
    void vector(String name, long length) {
        GgmlType type = tensor(name, List.of(length)).type();
        if (type != GgmlType.F32) {
            throw new InvalidInputException(file.source(), name, "is of type " + type + "; expected F32");
        }
    }

    /** The weight of a linear layer. */
    void matrix(String name, long columns, long rows) {
        GgmlType type = tensor(name, List.of(columns, rows)).type();
        // integers and doubles have no matrix product in ggml, Q8_1 and Q8_K are only its own intermediates
        String text = type.name();
        if (text.startsWith("I") && text.startsWith("IQ") == false
                || text.equals("F64")
                || text.equals("Q8_1")
                || text.equals("Q8_K")) {
            throw new InvalidInputException(
                    file.source(),
                    name,
                    "is of type " + type + ", which cannot be multiplied; convert the model again");
        }
    }
}
