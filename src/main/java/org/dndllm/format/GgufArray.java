package org.dndllm.format;

import java.util.List;
import java.util.Objects;

/**
 * An array in GGUF metadata: whole numbers as long, FLOAT32 as float, FLOAT64 as double, BOOL as boolean, STRING as a
 * list. Immutable: arrays are copied in and out. Arrays of arrays do not occur, ggml refuses them.
 */
public final class GgufArray {
    private final GgufType elementType;
    private final Object values; // long[], float[], double[], boolean[] or List<String>

    /** Takes the array without a copy; the caller gives it away. */
    GgufArray(GgufType elementType, Object values) {
        this.elementType = elementType;
        this.values = values;
    }

    /** A STRING array. */
    public static GgufArray ofStrings(List<String> values) {
        return new GgufArray(GgufType.STRING, List.copyOf(values));
    }

    /** An INT32 array. */
    public static GgufArray ofInts(int[] values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return new GgufArray(GgufType.INT32, wide);
    }

    /** A FLOAT32 array. */
    public static GgufArray ofFloats(float[] values) {
        return new GgufArray(GgufType.FLOAT32, values.clone());
    }

    public GgufType elementType() {
        return elementType;
    }

    public int size() {
        return switch (values) {
            case List<?> strings -> strings.size();
            case long[] numbers -> numbers.length;
            case float[] numbers -> numbers.length;
            case double[] numbers -> numbers.length;
            case boolean[] truths -> truths.length;
            default -> throw new AssertionError(values.getClass());
        };
    }

    /** The texts of a STRING array; any other is an IllegalStateException, as for the methods below. */
    @SuppressWarnings("unchecked")
    public List<String> strings() {
        return (List<String>) require(List.class);
    }

    /** The numbers of an integer array; UINT64 as two's complement bits. */
    public long[] longs() {
        return require(long[].class).clone();
    }

    /** The numbers of a FLOAT32 array. */
    public float[] floats() {
        return require(float[].class).clone();
    }

    /** The numbers of a FLOAT64 array. */
    public double[] doubles() {
        return require(double[].class).clone();
    }

    /** The truth values of a BOOL array. */
    public boolean[] booleans() {
        return require(boolean[].class).clone();
    }

    /** The array itself, for the writer of this package. */
    Object values() {
        return values;
    }

    private <A> A require(Class<A> kind) {
        if (!kind.isInstance(values)) {
            throw new IllegalStateException(
                    "GgufArray of " + elementType + " has no " + kind.getSimpleName() + " values");
        }
        return kind.cast(values);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GgufArray array
                && elementType == array.elementType
                && Objects.deepEquals(values, array.values);
    }

    @Override
    public int hashCode() {
        return 31 * elementType.hashCode() + size();
    }

    @Override
    public String toString() {
        return elementType + "[" + size() + "]";
    }
}
