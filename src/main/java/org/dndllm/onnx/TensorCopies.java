package org.dndllm.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.List;

/** Copies between Java arrays and ONNX Runtime's tensors: one copy in, one copy out. */
final class TensorCopies {
    private TensorCopies() {}

    /**
     * @param memory holds the copy, and must outlive the tensor. ONNX Runtime's own copy of an array would be a direct
     *     buffer, which lives until the garbage collector happens to look at it.
     */
    static OnnxTensor toNative(ValueShape input, OnnxTensorValue value, SegmentAllocator memory) throws OrtException {
        OrtEnvironment environment = OrtRuntime.environment();
        long[] shape = value.shape().stream().mapToLong(Long::longValue).toArray();
        return switch (value) {
            case OnnxTensorValue.Floats f
            when input.type().equals("FLOAT") ->
                OnnxTensor.createTensor(
                        environment,
                        direct(memory.allocateFrom(JAVA_FLOAT, f.values())).asFloatBuffer(),
                        shape);
            case OnnxTensorValue.Longs l
            when input.type().equals("INT64") ->
                OnnxTensor.createTensor(
                        environment,
                        direct(memory.allocateFrom(JAVA_LONG, l.values())).asLongBuffer(),
                        shape);
            case OnnxTensorValue.Longs l
            when input.type().equals("INT32") ->
                OnnxTensor.createTensor(
                        environment,
                        direct(memory.allocateFrom(JAVA_INT, toInts(l.values())))
                                .asIntBuffer(),
                        shape);
            case OnnxTensorValue.Longs l
            when input.type().equals("BOOL") ->
                OnnxTensor.createTensor(
                        environment,
                        direct(memory.allocateFrom(JAVA_BYTE, toBooleans(l.values()))),
                        shape,
                        OnnxJavaType.BOOL);
            default ->
                throw new IllegalArgumentException("input " + input.name() + " takes " + input.type() + ", not "
                        + value.getClass().getSimpleName());
        };
    }

    /** A tensor whose values are that native memory; it must live as long as the tensor. */
    static OnnxTensor over(ValueShape output, MemorySegment memory) throws OrtException {
        long[] shape = output.dims().stream().mapToLong(Long::longValue).toArray();
        return OnnxTensor.createTensor(
                OrtRuntime.environment(), direct(memory), shape, OnnxJavaType.valueOf(output.type()));
    }

    private static ByteBuffer direct(MemorySegment memory) {
        return memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    static OnnxTensorValue fromNative(String name, OnnxValue value) throws OrtException {
        if (!(value instanceof OnnxTensor tensor)) {
            throw new IllegalArgumentException("output " + name + " is no tensor but " + value.getType());
        }
        TensorInfo info = tensor.getInfo();
        List<Long> shape = Arrays.stream(info.getShape()).boxed().toList();
        return switch (info.type) {
            case FLOAT, FLOAT16, BFLOAT16 -> new OnnxTensorValue.Floats(array(tensor.getFloatBuffer()), shape);
            case INT64 -> new OnnxTensorValue.Longs(array(tensor.getLongBuffer()), shape);
            case INT32 -> new OnnxTensorValue.Longs(toLongs(tensor.getIntBuffer()), shape);
            case BOOL -> new OnnxTensorValue.Longs(toLongs(tensor.getByteBuffer()), shape);
            default -> throw new IllegalArgumentException("output " + name + " has the unsupported type " + info.type);
        };
    }

    /** ONNX Runtime hands out a fresh heap buffer, whose array can be kept as it is. */
    private static float[] array(FloatBuffer buffer) {
        if (buffer.hasArray() && buffer.arrayOffset() == 0 && buffer.array().length == buffer.remaining()) {
            return buffer.array();
        }
        float[] copy = new float[buffer.remaining()];
        buffer.get(copy);
        return copy;
    }

    private static long[] array(LongBuffer buffer) {
        long[] copy = new long[buffer.remaining()];
        buffer.get(copy);
        return copy;
    }

    private static int[] toInts(long[] values) {
        return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
    }

    private static byte[] toBooleans(long[] values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] == 0 ? 0 : 1);
        }
        return bytes;
    }

    private static long[] toLongs(IntBuffer buffer) {
        long[] longs = new long[buffer.remaining()];
        Arrays.setAll(longs, buffer::get);
        return longs;
    }

    private static long[] toLongs(ByteBuffer buffer) {
        long[] longs = new long[buffer.remaining()];
        Arrays.setAll(longs, buffer::get);
        return longs;
    }
}
