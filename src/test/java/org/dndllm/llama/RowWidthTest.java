package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.dndllm.format.GgmlType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RowWidthTest {
    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
            CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | AVX512 = 1 | AVX512_BF16 = 1 | LLAMAFILE = 1 | REPACK = 1 | ; 16; 32
            CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | AVX512 = 1 | AVX512_VNNI = 1 | LLAMAFILE = 1 | ;              16; 16
            CPU : SSE3 = 1 | AVX = 1 | AVX2 = 1 | F16C = 1 | FMA = 1 | LLAMAFILE = 1 | REPACK = 1 | ;                       8;  8
            CPU : SSE3 = 1 | AVX = 1 | LLAMAFILE = 1 | REPACK = 1 | ;                                                       1;  1
            CPU : AVX2 = 1 | F16C = 1 | AVX512 = 1 | AVX512_BF16 = 1 | REPACK = 1 | ;                                       1;  1
            CPU : NEON = 1 | ARM_FMA = 1 | FP16_VA = 1 | LLAMAFILE = 1 | REPACK = 1 | ;                                     1;  1
            ''; 1; 1
            """)
    void of_featuresOfAProcessor_isWhatItsProductsTake(String features, int floats, int brains) {
        RowWidth width = RowWidth.parse(features + " ");

        assertThat(width.of(Set.of(GgmlType.F16))).isEqualTo(floats);
        assertThat(width.of(Set.of(GgmlType.F32, GgmlType.Q8_0))).isEqualTo(floats);
        assertThat(width.of(Set.of(GgmlType.BF16, GgmlType.F32))).isEqualTo(brains);
    }
}
