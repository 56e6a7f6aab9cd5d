package org.dndllm.engine;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;

/** An adapter's weights, or the GGUF file in memory that they are read from when somebody asks. Thread-safe. */
final class LazyWeights {
    private final @Nullable Packed packed;
    private @Nullable LoraWeights weights;

    private record Packed(MemorySegment file, GgmlType type, BaseShape shape, String source) {}

    private LazyWeights(@Nullable Packed packed, @Nullable LoraWeights weights) {
        this.packed = packed;
        this.weights = weights;
    }

    static LazyWeights of(LoraWeights weights) {
        return new LazyWeights(null, weights);
    }

    /**
     * @param file checked GGUF bytes; neither freed nor changed as long as this object is in use
     * @param type of all its tensors
     * @param source a name for errors
     */
    static LazyWeights of(MemorySegment file, GgmlType type, BaseShape shape, String source) {
        return new LazyWeights(new Packed(file, type, shape, source), null);
    }

    synchronized LoraWeights get() {
        if (weights == null) {
            Packed from = Objects.requireNonNull(packed);
            try (GgufFile file = GgufFile.of(from.file(), from.source())) {
                weights = GgufAdapter.read(file, from.shape());
            }
        }
        return weights;
    }

    /** The file, where there is one whose tensors are of that type. */
    Optional<MemorySegment> file(GgmlType type) {
        return packed != null && packed.type() == type ? Optional.of(packed.file()) : Optional.empty();
    }
}
