package org.dndllm.train;

import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;

/** A second copy of the parameters: those with the lowest validation loss so far. */
final class BestParameters implements AutoCloseable {
    private final Parameters parameters;
    private final Tensor kept; // [P]

    BestParameters(Parameters parameters) {
        this.parameters = parameters;
        try (PointerScope scope = new PointerScope()) {
            kept = Tensors.keep(parameters.values().clone());
        }
    }

    /** The parameters as they are become the best. */
    void keep() {
        kept.copy_(parameters.values());
    }

    /** The best become the parameters. */
    void restore() {
        parameters.values().copy_(kept);
    }

    void save(Path file) {
        swap();
        try {
            parameters.save(file, Map.of());
        } finally {
            swap();
        }
    }

    void load(Path file) {
        swap();
        try {
            parameters.load(file);
        } finally {
            swap();
        }
    }

    private void swap() {
        try (PointerScope scope = new PointerScope()) {
            Tensor current = parameters.values().clone();
            parameters.values().copy_(kept);
            kept.copy_(current);
        }
    }

    @Override
    public void close() {
        Tensors.release(kept);
    }
}
