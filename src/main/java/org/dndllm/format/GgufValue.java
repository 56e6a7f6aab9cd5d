package org.dndllm.format;

import org.dndllm.InvalidInputException;

/**
 * One metadata value.
 *
 * @param type how the file spells it
 * @param value Long for whole numbers (UINT64 above {@link Long#MAX_VALUE} as its two's complement bits), Float for
 *     FLOAT32, Double for FLOAT64, Boolean, String, or {@link GgufArray}
 */
public record GgufValue(GgufType type, Object value) {
    /** Checks that the Java class fits the type. */
    public GgufValue {
        Class<?> expected = switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> Long.class;
            case FLOAT32 -> Float.class;
            case FLOAT64 -> Double.class;
            case BOOL -> Boolean.class;
            case STRING -> String.class;
            case ARRAY -> GgufArray.class;
        };
        if (!expected.isInstance(value)) {
            throw new IllegalArgumentException(
                    "a GGUF " + type + " is held as " + expected.getSimpleName() + ", not " + value.getClass());
        }
    }

    /** A STRING value. */
    public static GgufValue of(String value) {
        return new GgufValue(GgufType.STRING, value);
    }

    /** A UINT32 value; the int's bits are taken as unsigned. */
    public static GgufValue uint32(int value) {
        return new GgufValue(GgufType.UINT32, Integer.toUnsignedLong(value));
    }

    /** A UINT64 value; the long's bits are taken as unsigned. */
    public static GgufValue uint64(long value) {
        return new GgufValue(GgufType.UINT64, value);
    }

    /** A FLOAT32 value. */
    public static GgufValue float32(float value) {
        return new GgufValue(GgufType.FLOAT32, value);
    }

    /** A BOOL value. */
    public static GgufValue of(boolean value) {
        return new GgufValue(GgufType.BOOL, value);
    }

    /** An ARRAY value. */
    public static GgufValue of(GgufArray value) {
        return new GgufValue(GgufType.ARRAY, value);
    }

    /** The text, or an exception that names the file and key when this is something else. */
    public String asString(String source, String key) {
        if (value instanceof String text) {
            return text;
        }
        throw mismatch(source, key, "a string");
    }

    /** The whole number, or an exception that names the file and key when this is something else or exceeds a long. */
    public long asLong(String source, String key) {
        if (value instanceof Long number) {
            if (type == GgufType.UINT64 && number < 0) {
                throw new InvalidInputException(
                        source,
                        key,
                        Long.toUnsignedString(number) + " is too large; expected at most " + Long.MAX_VALUE);
            }
            return number;
        }
        throw mismatch(source, key, "a whole number");
    }

    /** The number, whole or not, or an exception that names the file and key when this is something else. */
    public double asDouble(String source, String key) {
        if (value instanceof Float || value instanceof Double) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof Long) {
            return asLong(source, key);
        }
        throw mismatch(source, key, "a number");
    }

    /** The truth value, or an exception that names the file and key when this is something else. */
    public boolean asBool(String source, String key) {
        if (value instanceof Boolean truth) {
            return truth;
        }
        throw mismatch(source, key, "true or false");
    }

    /** The array, or an exception that names the file and key when this is something else. */
    public GgufArray asArray(String source, String key) {
        if (value instanceof GgufArray array) {
            return array;
        }
        throw mismatch(source, key, "an array");
    }

    private InvalidInputException mismatch(String source, String key, String expected) {
        return new InvalidInputException(
                source, key, "is of type " + type + "; expected " + expected + "; convert the model again");
    }
}
