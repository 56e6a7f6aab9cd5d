package org.dndllm.generator;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxConstants;

/** The weights of an exported generator, to go on from. */
public final class BundleWeights {
    private BundleWeights() {}

    /**
     * Weights in a graph that was exported from that configuration. Weights that were cut for their size (beyond 1.5 GB)
     * are not put together.
     *
     * @throws InvalidInputException when the file is no such graph; a missing weight shows when it is asked for
     */
    public static WeightSource of(Path onnxFile, GeneratorConfig config) {
        OnnxConstants constants = OnnxConstants.of(onnxFile);
        Map<String, List<Long>> shapes = config.weightShapes();
        return WeightSource.of(name -> {
            List<Long> shape = shapes.get(name);
            TensorView stored = constants.read(name);
            try {
                // The graph may hold a matrix as a 1 x 1 convolution: the same numbers with extents of 1 behind.
                return new TensorView(name, stored.dtype(), java.util.Objects.requireNonNull(shape), stored.data());
            } catch (IllegalArgumentException e) {
                throw new InvalidInputException(
                        onnxFile.toString(), name, "has shape " + stored.shape() + ", expected " + shape, e);
            }
        });
    }
}
