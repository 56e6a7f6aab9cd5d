package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;

/** Weights as float32, each value looked at on its way: one NaN would make every adapter NaN. */
final class FiniteWeights implements WeightSource {
    private final WeightSource weights;
    private final String source;

    FiniteWeights(WeightSource weights, String source) {
        this.weights = weights;
        this.source = source;
    }

    @Override
    public List<Long> shape(String name) {
        return weights.shape(name);
    }

    @Override
    public TensorView rows(String name, long from, long to) {
        TensorView part = weights.rows(name, from, to);
        float[] values = part.toFloats();
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                long rowSize = values.length / (to - from);
                throw new InvalidInputException(
                        source,
                        name,
                        "value " + (from * rowSize + i) + " is " + values[i]
                                + ", expected finite weights; the training diverged or the file is damaged");
            }
        }
        // As in SeededWeights: little-endian wherever ONNX Runtime has natives.
        return new TensorView(name, DType.F32, part.shape(), MemorySegment.ofArray(values));
    }
}
