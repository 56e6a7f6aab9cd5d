package org.dndllm.onnx;

import java.util.Locale;
import org.dndllm.onnx.SessionOptions.Provider;

/** In what numbers the heavy operators of a model compute: convolutions, matrix products and linear layers. */
public enum Precision {
    /** {@link #F16} on CUDA, {@link #F32} on the processor. */
    AUTO,
    /** As the model stands. */
    F32,
    /** IEEE half: weights and activations; 11 bits of mantissa, magnitudes up to 65,504. */
    F16,
    /** bfloat16: weights and activations; 8 bits of mantissa, the range of float. */
    BF16,
    /** Weights in 8 bits with one scale for each output, widened when they are used; activations in float. */
    INT8;

    /** What this is on a provider, never {@link #AUTO}. */
    public Precision on(Provider provider) {
        if (this != AUTO) {
            return this;
        }
        return provider == Provider.CUDA ? F16 : F32;
    }

    /** As flags and file names have it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
