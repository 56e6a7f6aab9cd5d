package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class Q8ZeroTest {
    private static final long SEED = 5;

    @Test
    void quantize_knownBlock_givesScaleAndBytes() {
        // given: scale 1, whole numbers, ties away from zero
        float[] values = new float[32];
        values[0] = 127;
        values[1] = -127;
        values[2] = 0.5f;
        values[3] = -0.5f;
        values[4] = 0.49999997f;
        values[5] = 2.5f;

        // when
        byte[] block = quantized(values);

        // then
        assertThat(block).hasSize(34).startsWith(0x00, 0x3c, 127, -127, 1, -1, 0, 3, 0);
    }

    @Test
    void quantize_zeros_givesZeros() {
        assertThat(quantized(new float[64])).containsOnly(0).hasSize(68);
    }

    @Test
    void dequantize_quantized_isWithinHalfAStep() {
        // given
        Random random = new Random(SEED);
        float[] values = new float[32 * 300];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        float[] back = new float[values.length + 3];

        // when
        Q8Zero.dequantize(MemorySegment.ofArray(quantized(values)), 0, back, 3, values.length);

        // then: half a step of 1/127 of the block's largest, plus the binary16 rounding of the scale (127 * 2^-11
        // steps)
        for (int block = 0; block < 300; block++) {
            float largest = 0;
            for (int i = 0; i < 32; i++) {
                largest = Math.max(largest, Math.abs(values[32 * block + i]));
            }
            for (int i = 0; i < 32; i++) {
                assertThat(back[3 + 32 * block + i])
                        .as("seed %d, block %d", SEED, block)
                        .isCloseTo(values[32 * block + i], Offset.offset(largest * (0.5f / 127 + 0x1p-11f) * 1.0001f));
            }
        }
    }

    @Test
    void quantize_partialBlock_isRefused() {
        assertThatThrownBy(() -> Q8Zero.quantize(new float[40], 0, MemorySegment.ofArray(new byte[68]), 0, 40))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("40");
    }

    private static byte[] quantized(float[] values) {
        byte[] blocks = new byte[values.length / 32 * 34];
        Q8Zero.quantize(values, 0, MemorySegment.ofArray(blocks), 0, values.length);
        return blocks;
    }
}
