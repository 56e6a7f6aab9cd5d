package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.dndllm.InvalidInputException;

/**
 * One tensor of a GGUF file, over memory that the file owns; it ends when the file is closed.
 *
 * @param name at most 63 bytes of UTF-8
 * @param type element type
 * @param dims sizes in ggml's order, 1 to 4 of them: {@code dims[0]} is the contiguous one, so that PyTorch's
 *     {@code [out, in]} reads {@code [in, out]} here
 * @param data the elements, little-endian; exactly {@code type.bytesFor(elements())} bytes, of any alignment
 */
public record GgufTensor(String name, GgmlType type, List<Long> dims, MemorySegment data) {
    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Copies the dimensions. */
    public GgufTensor {
        dims = List.copyOf(dims);
    }

    /** Number of elements. */
    public long elements() {
        return dims.stream().reduce(1L, Math::multiplyExact);
    }

    /**
     * All elements in file order, {@code dims[0]} running fastest, on the heap.
     *
     * @throws InvalidInputException when the type is not F32, F16, BF16 or Q8_0, or a Java array cannot hold the elements
     */
    public float[] toFloats() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException(
                    "GGUF tensor",
                    name,
                    "has " + elements() + " elements, more than a Java array holds; read it in slices");
        }
        int n = (int) elements();
        float[] values = new float[n];
        switch (type) {
            case F32 -> MemorySegment.copy(data, LE_FLOAT, 0, values, 0, n);
            case F16 -> HalfFloats.fromF16(data, 0, values, 0, n);
            case BF16 -> HalfFloats.fromBf16(data, 0, values, 0, n);
            case Q8_0 -> Q8Zero.dequantize(data, 0, values, 0, n);
            default ->
                throw new InvalidInputException(
                        "GGUF tensor",
                        name,
                        "is of type " + type + "; only F32, F16, BF16 and Q8_0 can be read as numbers");
        }
        return values;
    }
}
