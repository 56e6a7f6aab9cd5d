package org.dndllm.generator;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxConstants;

/**
 * Where a weight of an exported generator lies on disk, for other programs: float32, little-endian, row-major.
 *
 * @param name the official one
 * @param shape outermost extent first
 * @param pieces its values one after the other; more than one where the weight was cut for its size
 */
public record StoredWeight(String name, List<Long> shape, List<OnnxConstants.Stored> pieces) {
    public StoredWeight {
        shape = List.copyOf(shape);
        pieces = List.copyOf(pieces);
    }

    /**
     * All weights of a generator.
     *
     * @throws InvalidInputException when the file is no such graph, or misses a weight or part of one
     */
    public static List<StoredWeight> of(Path onnxFile, PaperConfig config) {
        OnnxConstants constants = OnnxConstants.of(onnxFile);
        WeightParts parts = new WeightParts(constants, onnxFile.toString());
        List<StoredWeight> weights = new ArrayList<>();
        config.weightShapes().forEach((name, shape) -> {
            List<OnnxConstants.Stored> pieces = parts.of(name).stream()
                    .map(part -> constants.stored(part.constant()))
                    .toList();
            long bytes = pieces.stream().mapToLong(OnnxConstants.Stored::bytes).sum();
            long expected = GraphWeights.product(shape) * Float.BYTES;
            if (bytes != expected) {
                throw new InvalidInputException(
                        onnxFile.toString(),
                        name,
                        "has " + bytes + " bytes, expected " + expected + " for " + shape
                                + "; take the generator from its bundle, or import it again");
            }
            weights.add(new StoredWeight(name, shape, pieces));
        });
        return weights;
    }
}
