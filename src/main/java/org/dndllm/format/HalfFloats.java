package org.dndllm.format;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Conversion between 32-bit floats and the two 16-bit formats, IEEE 754 binary16 ("F16") and bfloat16 ("BF16"), over
 * little-endian memory. To 16 bits rounds to nearest, ties to even; overflow becomes infinity; a NaN stays a (quiet) NaN
 * with the high bits of its payload, as in ggml.
 *
 * <p>Each loop works on a small heap chunk that stays in the first-level cache: C2 turns loops over plain arrays into
 * vector instructions on every JDK from 22, loops over memory segments only on newer ones.
 */
public final class HalfFloats {
    private static final int CHUNK = 2048;
    private static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private HalfFloats() {}

    /** Writes {@code src[from .. from+n)} as n binary16 values to {@code dst}, starting at byte {@code dstOffset}. */
    public static void toF16(float[] src, int from, MemorySegment dst, long dstOffset, int n) {
        for (int i = 0; i < n; i++) {
            dst.set(LE_SHORT, dstOffset + 2L * i, Float.floatToFloat16(src[from + i]));
        }
    }

    /** Reads n binary16 values from byte {@code srcOffset} of {@code src} into {@code dst[from .. from+n)}; exact. */
    public static void fromF16(MemorySegment src, long srcOffset, float[] dst, int from, int n) {
        for (int i = 0; i < n; i++) {
            dst[from + i] = Float.float16ToFloat(src.get(LE_SHORT, srcOffset + 2L * i));
        }
    }

    /** Writes {@code src[from .. from+n)} as n bfloat16 values to {@code dst}, starting at byte {@code dstOffset}. */
    public static void toBf16(float[] src, int from, MemorySegment dst, long dstOffset, int n) {
        short[] chunk = new short[Math.min(n, CHUNK)];
        int[] bits = new int[chunk.length];
        MemorySegment bitsMemory = MemorySegment.ofArray(bits);
        for (int done = 0; done < n; done += CHUNK) {
            int count = Math.min(CHUNK, n - done);
            // Integers, because C2 does not vectorise Float.floatToRawIntBits on the older JDKs.
            MemorySegment.copy(
                    MemorySegment.ofArray(src),
                    ValueLayout.JAVA_INT,
                    4L * (from + done),
                    bitsMemory,
                    ValueLayout.JAVA_INT,
                    0,
                    count);
            roundToBf16(bits, chunk, count);
            MemorySegment.copy(chunk, 0, dst, LE_SHORT, dstOffset + 2L * done, count);
        }
    }

    /** Reads n bfloat16 values from byte {@code srcOffset} of {@code src} into {@code dst[from .. from+n)}; exact. */
    public static void fromBf16(MemorySegment src, long srcOffset, float[] dst, int from, int n) {
        short[] chunk = new short[Math.min(n, CHUNK)];
        int[] bits = new int[chunk.length];
        MemorySegment bitsMemory = MemorySegment.ofArray(bits);
        for (int done = 0; done < n; done += CHUNK) {
            int count = Math.min(CHUNK, n - done);
            MemorySegment.copy(src, LE_SHORT, srcOffset + 2L * done, chunk, 0, count);
            widenBf16(chunk, bits, count);
            MemorySegment.copy(
                    bitsMemory,
                    ValueLayout.JAVA_INT,
                    0,
                    MemorySegment.ofArray(dst),
                    ValueLayout.JAVA_INT,
                    4L * (from + done),
                    count);
        }
    }

    /** The bfloat16 bits of one float, as {@link #toBf16} writes them. */
    public static short floatToBf16(float value) {
        return (short) bf16Bits(Float.floatToRawIntBits(value));
    }

    /** The float of one bfloat16 bit pattern; exact. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** In two loops: C2 does not vectorise a right shift whose result is narrowed (3.5 times slower, JDK 25). */
    private static void roundToBf16(int[] bits, short[] dst, int n) {
        for (int i = 0; i < n; i++) {
            bits[i] = bf16Bits(bits[i]);
        }
        for (int i = 0; i < n; i++) {
            dst[i] = (short) bits[i];
        }
    }

    private static void widenBf16(short[] src, int[] dst, int n) {
        for (int i = 0; i < n; i++) {
            dst[i] = src[i] << 16;
        }
    }

    /** Without a branch, so that the loop around it vectorises. */
    private static int bf16Bits(int bits) {
        int isNan = (0x7f800000 - (bits & 0x7fffffff)) >> 31; // all ones for a NaN, else zero
        int rounded = bits + 0x7fff + ((bits >>> 16) & 1);
        int quiet = bits | 0x00400000; // a payload in the low half alone must not turn into infinity
        return ((rounded & ~isNan) | (quiet & isNan)) >> 16;
    }
}
