package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;

/**
 * Weights of a generator by their names (the official ones in the paper's family), given piece by piece, since the
 * largest tensor (2.9 GB) fits neither a Java array nor comfortably in memory.
 */
public interface WeightSource {
    /**
     * Shape of a weight, outermost extent first.
     *
     * @throws InvalidInputException when there is no such weight
     */
    List<Long> shape(String name);

    /**
     * The part of a weight whose first index is in {@code [from, to)}. The view is valid until the next call.
     *
     * @throws InvalidInputException when there is no such weight
     */
    TensorView rows(String name, long from, long to);

    /**
     * Weights that exist whole under their names, such as the entries of a {@code .pth} file. Entries that are
     * no weights of a generator (the loss weights, an encoder saved along) are never asked for.
     *
     * @param source the file they come from, for errors
     */
    static WeightSource of(Map<String, TensorView> tensors, String source) {
        return of(name -> {
            TensorView tensor = tensors.get(name);
            if (tensor == null) {
                throw new InvalidInputException(
                        source, name, "is missing; expected the weights of an official decoder, all in one file");
            }
            return tensor;
        });
    }

    /**
     * Weights that exist whole, for instance in a mapped file.
     *
     * @param tensors gives the tensor of a name, or throws {@link InvalidInputException}
     */
    static WeightSource of(Function<String, TensorView> tensors) {
        return new WeightSource() {
            @Override
            public List<Long> shape(String name) {
                return tensors.apply(name).shape();
            }

            @Override
            public TensorView rows(String name, long from, long to) {
                TensorView whole = tensors.apply(name);
                long count = whole.shape().get(0);
                long rowBytes = count == 0 ? 0 : whole.data().byteSize() / count;
                MemorySegment part = whole.data().asSlice(from * rowBytes, (to - from) * rowBytes);
                List<Long> shape = new ArrayList<>(whole.shape());
                shape.set(0, to - from);
                return new TensorView(name, whole.dtype(), shape, part);
            }
        };
    }
}
