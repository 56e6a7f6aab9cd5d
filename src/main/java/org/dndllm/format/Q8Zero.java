package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * ggml's Q8_0: blocks of 32 numbers, each block one binary16 scale d followed by 32 signed bytes q, a number being d·q.
 * Quantising gives the same bits as ggml's reference ({@code ggml-quants.c: quantize_row_q8_0_ref}) for finite numbers: d
 * is the largest magnitude over 127, the bytes come from the unrounded float d, and halves round away from zero.
 */
public final class Q8Zero {
    /** Numbers per block. */
    public static final int BLOCK = 32;

    /** Bytes per block. */
    public static final int BLOCK_BYTES = 34;

    private static final int CHUNK_BLOCKS = 128;
    private static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Q8Zero() {}

    /**
     * Writes {@code src[from .. from+n)} as n/32 blocks to {@code dst}, starting at byte {@code dstOffset}.
     *
     * @throws IllegalArgumentException when n is not a multiple of 32
     */
    public static void quantize(float[] src, int from, MemorySegment dst, long dstOffset, int n) {
        requireBlocks(n);
        byte[] chunk = new byte[CHUNK_BLOCKS * BLOCK_BYTES];
        float[] scaled = new float[BLOCK];
        int blocks = n / BLOCK;
        for (int done = 0; done < blocks; done += CHUNK_BLOCKS) {
            int count = Math.min(CHUNK_BLOCKS, blocks - done);
            for (int b = 0; b < count; b++) {
                quantizeBlock(src, from + (done + b) * BLOCK, scaled, chunk, b * BLOCK_BYTES);
            }
            MemorySegment.copy(
                    chunk, 0, dst, ValueLayout.JAVA_BYTE, dstOffset + (long) done * BLOCK_BYTES, count * BLOCK_BYTES);
        }
    }

    /**
     * Reads n/32 blocks from byte {@code srcOffset} of {@code src} into {@code dst[from .. from+n)}.
     *
     * @throws IllegalArgumentException when n is not a multiple of 32
     */
    public static void dequantize(MemorySegment src, long srcOffset, float[] dst, int from, int n) {
        requireBlocks(n);
        byte[] bytes = new byte[BLOCK];
        for (int b = 0; b < n / BLOCK; b++) {
            long at = srcOffset + (long) b * BLOCK_BYTES;
            float d = Float.float16ToFloat(src.get(LE_SHORT, at));
            MemorySegment.copy(src, ValueLayout.JAVA_BYTE, at + 2, bytes, 0, BLOCK);
            int to = from + b * BLOCK;
            for (int i = 0; i < BLOCK; i++) {
                dst[to + i] = bytes[i] * d;
            }
        }
    }

    private static void quantizeBlock(float[] src, int from, float[] scaled, byte[] dst, int to) {
        float largest = 0;
        for (int i = 0; i < BLOCK; i++) {
            largest = Math.max(largest, Math.abs(src[from + i]));
        }
        float d = largest / 127;
        float inverse = d != 0 ? 1.0f / d : 0.0f;
        short half = Float.floatToFloat16(d);
        dst[to] = (byte) half;
        dst[to + 1] = (byte) (half >> 8);
        for (int i = 0; i < BLOCK; i++) {
            scaled[i] = src[from + i] * inverse;
        }
        for (int i = 0; i < BLOCK; i++) {
            dst[to + 2 + i] = (byte) roundHalfAway(scaled[i]);
        }
    }

    /** C's roundf for magnitudes far below 2^23. Adding 0.5 first would carry 0.49999997 over to 1; the remainder is exact. */
    private static int roundHalfAway(float x) {
        int whole = (int) x;
        return whole + (int) ((x - whole) * 2);
    }

    private static void requireBlocks(int n) {
        if (n < 0 || n % BLOCK != 0) {
            throw new IllegalArgumentException(n + " numbers do not fill whole Q8_0 blocks of " + BLOCK);
        }
    }
}
