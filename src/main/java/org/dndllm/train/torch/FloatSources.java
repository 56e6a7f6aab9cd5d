package org.dndllm.train.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.HalfFloats;
import org.dndllm.format.Q8Zero;
import org.dndllm.format.TensorView;

/** Tensors of files as floats, in parts; they widen exactly. */
public final class FloatSources {
    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FloatSources() {}

    /**
     * A safetensors tensor.
     *
     * @throws InvalidInputException when it is not F32, F16 or BF16
     */
    public static Tensors.FloatSource of(TensorView view) {
        MemorySegment data = view.data();
        return switch (view.dtype()) {
            case F32 -> floats(data);
            case F16 -> (from, into, count) -> HalfFloats.fromF16(data, from * DType.F16.bytes(), into, 0, count);
            case BF16 -> (from, into, count) -> HalfFloats.fromBf16(data, from * DType.BF16.bytes(), into, 0, count);
            default ->
                throw new InvalidInputException(
                        "safetensors", view.name(), "is of type " + view.dtype() + "; expected F32, F16 or BF16");
        };
    }

    /**
     * A GGUF tensor.
     *
     * @throws InvalidInputException when it is not F32, F16, BF16 or Q8_0
     */
    public static Tensors.FloatSource of(GgufTensor tensor) {
        MemorySegment data = tensor.data();
        GgmlType type = tensor.type();
        return switch (type) {
            case F32 -> floats(data);
            case F16 -> (from, into, count) -> HalfFloats.fromF16(data, type.bytesFor(from), into, 0, count);
            case BF16 -> (from, into, count) -> HalfFloats.fromBf16(data, type.bytesFor(from), into, 0, count);
            // Parts begin at multiples of 2^20 and rows hold whole blocks, so a part holds whole blocks too.
            case Q8_0 -> (from, into, count) -> Q8Zero.dequantize(data, type.bytesFor(from), into, 0, count);
            default ->
                throw new InvalidInputException(
                        "GGUF",
                        tensor.name(),
                        "is of type " + type + "; training reads F32, F16, BF16 and Q8_0: use such a file");
        };
    }

    private static Tensors.FloatSource floats(MemorySegment data) {
        return (from, into, count) -> MemorySegment.copy(data, LE_FLOAT, from * Float.BYTES, into, 0, count);
    }
}
