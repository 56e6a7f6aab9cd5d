package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HalfFloatsTest {
    private static final long SEED = 99;
    private static final int ALL = 1 << 16;

    @Test
    void f16_allBitPatterns_surviveRoundTrip() {
        short[] bits = everyPattern();
        float[] floats = new float[ALL];
        HalfFloats.fromF16(MemorySegment.ofArray(bits), 0, floats, 0, ALL);
        for (int i = 0; i < ALL; i++) {
            assertThat(floats[i]).as("pattern %04x", i).isEqualTo(Float.valueOf(binary16(i)));
        }

        short[] back = new short[ALL];
        HalfFloats.toF16(floats, 0, MemorySegment.ofArray(back), 0, ALL);
        for (int i = 0; i < ALL; i++) {
            if (Float.isNaN(floats[i])) {
                assertThat(back[i] & 0x7c00).isEqualTo(0x7c00);
                assertThat(back[i] & 0x03ff).isNotZero();
            } else {
                assertThat(back[i]).isEqualTo(bits[i]);
            }
        }
    }

    @Test
    void bf16_allBitPatterns_surviveRoundTrip() {
        short[] bits = everyPattern();
        float[] floats = new float[ALL];
        HalfFloats.fromBf16(MemorySegment.ofArray(bits), 0, floats, 0, ALL);
        short[] back = new short[ALL];
        HalfFloats.toBf16(floats, 0, MemorySegment.ofArray(back), 0, ALL);
        for (int i = 0; i < ALL; i++) {
            assertThat(Float.floatToRawIntBits(floats[i])).isEqualTo(i << 16);
            assertThat(HalfFloats.bf16ToFloat(bits[i])).isEqualTo(Float.valueOf(floats[i]));
            // A signalling NaN becomes quiet.
            assertThat(back[i]).isEqualTo(Float.isNaN(floats[i]) ? (short) (i | 0x40) : bits[i]);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0x1.0p0, 3f80", // exact
        "0x1.01p0, 3f80", // half-way above even: down
        "0x1.03p0, 3f82", // half-way above odd: up
        "0x1.0102p0, 3f81", // just above half-way: up
        "0x1.00fep0, 3f80", // just below: down
        "-0x1.03p0, bf82",
        "0x1.fffffep127, 7f80", // the largest float overflows
        "Infinity, 7f80",
        "-Infinity, ff80",
        "-0.0, 8000",
        "0x1.0p-149, 0000", // the smallest float is far below half of the smallest subnormal
        "NaN, 7fc0"
    })
    void floatToBf16_value_roundsToNearestEven(float value, String hex) {
        assertThat(Integer.toHexString(HalfFloats.floatToBf16(value) & 0xffff))
                .isEqualToIgnoringCase(hex.replaceAll("^0+(?=.)", ""));
    }

    @ParameterizedTest
    @CsvSource({
        "1.0, 3c00",
        "0x1.002p0, 3c00", // half-way above even: down
        "0x1.006p0, 3c02", // half-way above odd: up
        "65504, 7bff", // the largest
        "65519.996, 7bff",
        "65520, 7c00", // half-way to 2^16 overflows
        "0x1.0p-24, 1", // the smallest subnormal
        "0x1.0p-25, 0", // half of it: to even
        "0x1.000002p-25, 1",
        "-65520, fc00"
    })
    void toF16_value_roundsToNearestEven(float value, String hex) {
        short[] bits = new short[1];
        HalfFloats.toF16(new float[] {value}, 0, MemorySegment.ofArray(bits), 0, 1);
        assertThat(Integer.toHexString(bits[0] & 0xffff)).isEqualTo(hex);
    }

    @Test
    void floatToBf16_nanWithLowPayload_staysNan() {
        float nan = Float.intBitsToFloat(0x7f800001);

        assertThat(HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(nan))).isNaN();
    }

    @Test
    void loops_oddOffsetsAndLengths_touchOnlyTheirRange() {
        // given
        Random random = new Random(SEED);
        float[] source = new float[10_000];
        for (int i = 0; i < source.length; i++) {
            source[i] = (float) random.nextGaussian();
        }
        for (int n : new int[] {0, 1, 7, 2047, 2048, 2049, 5000}) {
            MemorySegment memory = MemorySegment.ofArray(new byte[2 * n + 6]).fill((byte) 0x5a);
            float[] back = new float[n + 4];

            // when
            HalfFloats.toF16(source, 3, memory, 3, n);
            HalfFloats.fromF16(memory, 3, back, 2, n);

            // then
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 2)).isEqualTo((byte) 0x5a);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 3 + 2L * n)).isEqualTo((byte) 0x5a);
            for (int i = 0; i < n; i++) {
                assertThat(back[2 + i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(source[3 + i])));
            }
            HalfFloats.toBf16(source, 3, memory, 3, n);
            HalfFloats.fromBf16(memory, 3, back, 2, n);
            for (int i = 0; i < n; i++) {
                assertThat(back[2 + i]).isEqualTo(HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(source[3 + i])));
            }
            assertThat(back[1]).isZero();
            assertThat(back[n + 2]).isZero();
        }
    }

    private static short[] everyPattern() {
        short[] bits = new short[ALL];
        for (int i = 0; i < ALL; i++) {
            bits[i] = (short) i;
        }
        return bits;
    }

    /** IEEE 754 binary16 by its definition. */
    private static float binary16(int bits) {
        int exponent = (bits >> 10) & 31;
        int fraction = bits & 1023;
        double magnitude = switch (exponent) {
            case 0 -> fraction * 0x1p-24;
            case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
            default -> (1024 + fraction) * Math.scalb(1.0, exponent - 25);
        };
        return (float) ((bits & 0x8000) == 0 ? magnitude : -magnitude);
    }
}
