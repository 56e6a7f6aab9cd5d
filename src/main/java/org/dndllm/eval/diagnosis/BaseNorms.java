package org.dndllm.eval.diagnosis;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.ModuleName;

/** Frobenius norms of a base model's own weights, to set the size of a change beside. */
public final class BaseNorms {
    private final Map<ModuleName, Double> norms;

    private BaseNorms(Map<ModuleName, Double> norms) {
        this.norms = norms;
    }

    /**
     * Reads the weights of all target modules once, one at a time.
     *
     * @return empty when they are in a quantised type that cannot be read as numbers (anything but F32, F16, BF16, Q8_0)
     */
    public static Optional<BaseNorms> of(GgufFile base) {
        Map<ModuleName, Double> norms = new HashMap<>();
        for (GgufTensor tensor : base.tensors()) {
            Optional<ModuleName> name = ModuleName.parse(tensor.name());
            if (name.isPresent()) {
                if (!isReadable(tensor.type())) {
                    return Optional.empty();
                }
                norms.put(name.get(), norm(tensor.toFloats()));
            }
        }
        return Optional.of(new BaseNorms(norms));
    }

    private static boolean isReadable(GgmlType type) {
        return type == GgmlType.F32 || type == GgmlType.F16 || type == GgmlType.BF16 || type == GgmlType.Q8_0;
    }

    private static double norm(float[] values) {
        double squares = 0;
        for (float value : values) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }

    /** Norm of all weights together that an adapter for this base touches. */
    double of(LoraWeights adapter) {
        double squares = 0;
        for (LoraTensor pair : adapter.tensors()) {
            double norm = norms.getOrDefault(new ModuleName(pair.layer(), pair.module()), 0.0);
            squares += norm * norm;
        }
        return Math.sqrt(squares);
    }
}
