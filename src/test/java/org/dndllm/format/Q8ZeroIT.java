package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.dndllm.bindings.LlamaCpp;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** ggml's own quantiser and converters decide what the right bits are. */
final class Q8ZeroIT {
    private static final long SEED = 20261123;
    private static final int ROWS = 512;
    private static final int COLUMNS = 896;

    @BeforeAll
    static void library() {
        NativeLlama.requireLibrary();
    }

    @Test
    void quantize_manyScalesAndTies_equalsGgmlBitForBit() {
        // given
        float[] values = hardFloats();

        // when
        byte[] ours = new byte[(int) GgmlType.Q8_0.bytesFor(values.length)];
        Q8Zero.quantize(values, 0, MemorySegment.ofArray(ours), 0, values.length);

        // then
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
            MemorySegment target = arena.allocate(ours.length);
            long written = LlamaCpp.ggml_quantize_chunk(
                    GgmlType.Q8_0.id(), source, target, 0, ROWS, COLUMNS, MemorySegment.NULL);
            assertThat(written).isEqualTo(ours.length);
            assertThat(ours).as("seed %d", SEED).isEqualTo(target.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void toF16AndBf16_hardFloats_equalGgmlBitForBit() {
        // given
        float[] values = hardFloats();
        byte[] f16 = new byte[2 * values.length];
        byte[] bf16 = new byte[2 * values.length];

        // when
        HalfFloats.toF16(values, 0, MemorySegment.ofArray(f16), 0, values.length);
        HalfFloats.toBf16(values, 0, MemorySegment.ofArray(bf16), 0, values.length);

        // then
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
            MemorySegment target = arena.allocate(f16.length);
            LlamaCpp.ggml_quantize_chunk(GgmlType.F16.id(), source, target, 0, ROWS, COLUMNS, MemorySegment.NULL);
            assertThat(f16).as("F16, seed %d", SEED).isEqualTo(target.toArray(ValueLayout.JAVA_BYTE));
            LlamaCpp.ggml_quantize_chunk(GgmlType.BF16.id(), source, target, 0, ROWS, COLUMNS, MemorySegment.NULL);
            assertThat(bf16).as("BF16, seed %d", SEED).isEqualTo(target.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /** Blocks from 1e-30 to 1e4, exact ties between steps, blocks of zeros and of one repeated value. */
    private static float[] hardFloats() {
        Random random = new Random(SEED);
        float[] values = new float[ROWS * COLUMNS];
        for (int block = 0; block < values.length / Q8Zero.BLOCK; block++) {
            double scale = Math.pow(10, random.nextInt(35) - 30);
            int kind = random.nextInt(8);
            for (int i = 0; i < Q8Zero.BLOCK; i++) {
                double value = switch (kind) {
                    case 0 -> 0;
                    case 1 -> scale;
                    case 2 -> i == 0 ? 127 : (random.nextInt(509) - 254) / 2.0;
                    default -> random.nextGaussian() * scale;
                };
                values[block * Q8Zero.BLOCK + i] = (float) value;
            }
        }
        return values;
    }
}
