package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.dndllm.InvalidInputException;

/**
 * A named tensor over memory that someone else owns: row-major, contiguous, little-endian. The view is valid for as long
 * as the file (or arena) that it came from is open; use after that throws {@link IllegalStateException}. Safe to share
 * between threads as long as nobody writes to the memory.
 *
 * @param name the tensor's name in its file; may be empty for a file that holds one nameless tensor
 * @param shape extents, outermost first; an empty list is a scalar with one element
 * @param data exactly {@code elements() * dtype.bytes()} bytes, with no alignment promised
 */
public record TensorView(String name, DType dtype, List<Long> shape, MemorySegment data) {
    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble LE_DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public TensorView {
        shape = List.copyOf(shape);
        long expected = byteSize(dtype, shape);
        if (expected != data.byteSize()) {
            throw new IllegalArgumentException("tensor \"" + name + "\": " + dtype + " " + shape + " takes " + expected
                    + " bytes, but its memory has " + data.byteSize());
        }
    }

    /** Number of elements, 1 for a scalar. */
    public long elements() {
        return data.byteSize() / dtype.bytes();
    }

    /**
     * A copy of the values as floats, row-major. BF16 and F16 widen exactly, F64 rounds to nearest.
     *
     * @throws InvalidInputException for integer, boolean and 8-bit types, or when there are more elements than a Java
     *     array can hold
     */
    public float[] toFloats() {
        if (elements() > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException(
                    "<tensor>", label(), elements() + " elements do not fit a Java array; read it in parts");
        }
        float[] values = new float[(int) elements()];
        switch (dtype) {
            case F32 -> MemorySegment.copy(data, LE_FLOAT, 0, values, 0, values.length);
            case F16 -> HalfFloats.fromF16(data, 0, values, 0, values.length);
            case BF16 -> HalfFloats.fromBf16(data, 0, values, 0, values.length);
            case F64 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) data.get(LE_DOUBLE, (long) i * Double.BYTES);
                }
            }
            default ->
                throw new InvalidInputException(
                        "<tensor>",
                        label(),
                        "has type " + dtype + ", expected F32, F16, BF16 or F64; convert it first");
        }
        return values;
    }

    /** The same tensor under another name. */
    public TensorView withName(String newName) {
        return new TensorView(newName, dtype, shape, data);
    }

    /** An F32 tensor on the heap with a copy of {@code values}, row-major. */
    public static TensorView ofFloats(String name, List<Long> shape, float[] values) {
        return ofFloats(name, DType.F32, shape, values);
    }

    /**
     * A tensor on the heap with {@code values}, row-major, rounded to nearest even where {@code dtype} is narrower.
     *
     * @param dtype F32, F16 or BF16
     */
    public static TensorView ofFloats(String name, DType dtype, List<Long> shape, float[] values) {
        MemorySegment data = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, dtype.bytes())]);
        switch (dtype) {
            case F32 -> MemorySegment.copy(values, 0, data, LE_FLOAT, 0, values.length);
            case F16 -> HalfFloats.toF16(values, 0, data, 0, values.length);
            case BF16 -> HalfFloats.toBf16(values, 0, data, 0, values.length);
            default -> throw new IllegalArgumentException("floats are stored as F32, F16 or BF16, not " + dtype);
        }
        return new TensorView(name, dtype, shape, data);
    }

    /**
     * Bytes that a dense tensor takes.
     *
     * @throws IllegalArgumentException for a negative extent or a size beyond 63 bits
     */
    static long byteSize(DType dtype, List<Long> shape) {
        try {
            long bytes = dtype.bytes();
            for (long extent : shape) {
                if (extent < 0) {
                    throw new IllegalArgumentException("negative extent in shape " + shape);
                }
                bytes = Math.multiplyExact(bytes, extent);
            }
            return bytes;
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException("shape " + shape + " overflows 63 bits", overflow);
        }
    }

    private String label() {
        return name.isEmpty() ? "(unnamed tensor)" : name;
    }
}
