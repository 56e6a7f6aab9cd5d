package org.dndllm.onnx;

import org.dndllm.onnx.SessionOptions.Provider;

/**
 * How the nodes of a {@link GraphPart} compute in a larger graph.
 *
 * @param precision of the heavy operators, never {@link Precision#AUTO}
 * @param emulated whether 16-bit values are widened for every operator and its results rounded again: the same roundings
 *     on a provider that has no 16-bit operators
 */
public record Arithmetic(Precision precision, boolean emulated) {
    /** Every node as it stands. */
    public static final Arithmetic PLAIN = new Arithmetic(Precision.F32, false);

    public Arithmetic {
        if (precision == Precision.AUTO) {
            throw new IllegalArgumentException("a provider decides what auto is; ask Precision.on");
        }
    }

    /** A precision as a provider computes in it: ONNX Runtime's processor kernels know no 16-bit convolution. */
    public static Arithmetic of(Precision precision, Provider provider) {
        Precision chosen = precision.on(provider);
        boolean sixteen = chosen == Precision.F16 || chosen == Precision.BF16;
        return new Arithmetic(chosen, sixteen && provider == Provider.CPU);
    }

    /** Whether nodes stay as they are. */
    public boolean isPlain() {
        return precision == Precision.F32;
    }

    /** For names of files that hold such a graph. */
    public String label() {
        return precision.label() + (emulated ? "-emulated" : "");
    }
}
