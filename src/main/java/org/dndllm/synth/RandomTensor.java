package org.dndllm.synth;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.stream.LongStream;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.HalfFloats;
import org.dndllm.format.Q8Zero;

/**
 * Random numbers for one tensor, near-normal around a mean. The i-th number depends on seed, tensor name and i alone, so
 * that parts can be filled in parallel and the bytes are the same everywhere: SplitMix64 (Steele, Lea, Flood 2014) at
 * counter i gives four 16-bit numbers, whose sum (Irwin-Hall, within 3.5 deviations) is scaled. Only integer arithmetic and
 * one multiplication and one addition of floats are used.
 */
record RandomTensor(long stream, GgmlType type, float mean, float deviation) implements GgufWriter.TensorSource {
    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int CHUNK = 1 << 15;
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;
    private static final int SUM_MEAN = 2 * 65535;
    /** Of the sum of four numbers that are uniform on 0 to 65535: sqrt(4 (65536² - 1) / 12). */
    private static final double SUM_DEVIATION = 37837.227227;

    RandomTensor {
        switch (type) {
            case F32, F16, BF16, Q8_0 -> {}
            default -> throw new IllegalArgumentException("random weights come as F32, F16, BF16 or Q8_0, not " + type);
        }
    }

    static RandomTensor of(long seed, String name, GgmlType type, float mean, float deviation) {
        return new RandomTensor(mix(seed + GOLDEN * name.hashCode()), type, mean, deviation);
    }

    @Override
    public void fill(MemorySegment destination) {
        long elements = destination.byteSize() / type.blockBytes() * type.blockSize();
        LongStream.range(0, (elements + CHUNK - 1) / CHUNK).parallel().forEach(chunk -> {
            long from = chunk * CHUNK;
            store(numbers(from, (int) Math.min(CHUNK, elements - from)), destination, type.bytesFor(from));
        });
    }

    /** Numbers from index {@code from} on. */
    float[] numbers(long from, int count) {
        float scale = (float) (deviation / SUM_DEVIATION);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            long bits = mix(stream + (from + i + 1) * GOLDEN);
            long pairs = (bits & 0x0000ffff0000ffffL) + ((bits >>> 16) & 0x0000ffff0000ffffL);
            int sum = (int) (pairs >>> 32) + (int) pairs;
            numbers[i] = mean + (sum - SUM_MEAN) * scale;
        }
        return numbers;
    }

    private void store(float[] numbers, MemorySegment destination, long offset) {
        switch (type) {
            case F32 -> MemorySegment.copy(numbers, 0, destination, LE_FLOAT, offset, numbers.length);
            case F16 -> HalfFloats.toF16(numbers, 0, destination, offset, numbers.length);
            case BF16 -> HalfFloats.toBf16(numbers, 0, destination, offset, numbers.length);
            case Q8_0 -> Q8Zero.quantize(numbers, 0, destination, offset, numbers.length);
            default -> throw new AssertionError(type);
        }
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }
}
