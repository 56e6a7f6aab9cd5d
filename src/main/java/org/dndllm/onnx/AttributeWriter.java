package org.dndllm.onnx;

import java.util.Arrays;
import java.util.List;

/** Operator attributes in the few types that our graphs need; {@code onnx.proto: AttributeProto}. */
final class AttributeWriter {
    static final int FLOAT = 1;
    static final int INT = 2;
    static final int STRING = 3;
    static final int FLOATS = 6;
    static final int INTS = 7;

    private AttributeWriter() {}

    /** Long, Float, String, long[] or float[] for what a caller may give; arrays are copied. */
    static Object normalized(String op, String key, Object value) {
        return switch (value) {
            case Integer i -> i.longValue();
            case Long l -> l;
            case Float f -> f;
            case Double d -> d.floatValue();
            case String s -> s;
            case long[] longs -> longs.clone();
            case int[] ints -> Arrays.stream(ints).asLongStream().toArray();
            case float[] floats -> floats.clone();
            case List<?> list
            when list.stream().allMatch(e -> e instanceof Integer || e instanceof Long) ->
                list.stream().mapToLong(e -> ((Number) e).longValue()).toArray();
            default ->
                throw new IllegalArgumentException(op + ": attribute " + key + " has the unsupported type "
                        + value.getClass().getName());
        };
    }

    static ProtoWriter attribute(String key, Object value) {
        ProtoWriter out = new ProtoWriter().text(1, key);
        switch (value) {
            case Float f -> out.float32(2, f).integer(20, FLOAT);
            case Long l -> out.integer(3, l).integer(20, INT);
            case String s -> out.text(4, s).integer(20, STRING);
            case float[] floats -> {
                for (float f : floats) {
                    out.float32(7, f);
                }
                out.integer(20, FLOATS);
            }
            case long[] longs -> {
                for (long l : longs) {
                    out.integer(8, l);
                }
                out.integer(20, INTS);
            }
            default -> throw new IllegalStateException("attribute " + key + " was not normalized");
        }
        return out;
    }
}
