package org.dndllm.llama;

import java.util.Set;
import org.dndllm.format.GgmlType;

/**
 * How many values of a row llama.cpp's matrix products of several tokens take at a time on this processor. Rows of another
 * length are multiplied value by value: with r = 8 on AVX-512 that made a prompt with an adapter twice as dear as one
 * without. Source: {@code ggml-cpu/llamafile/sgemm.cpp}, the first number of each {@code tinyBLAS}.
 *
 * @param floats F32 and F16; Q8_0 concerns A only, whose rows are as long as the base model's
 * @param brains BF16
 */
record RowWidth(int floats, int brains) {
    /** Nothing is known to help: another processor, or weights on a GPU. */
    static final RowWidth ANY = new RowWidth(1, 1);

    /** @param systemInfo {@code llama_print_system_info()}, which lists features as {@code NAME = 1} */
    static RowWidth parse(String systemInfo) {
        if (has(systemInfo, "LLAMAFILE") == false) {
            return ANY;
        }
        if (has(systemInfo, "AVX512")) {
            return new RowWidth(16, has(systemInfo, "AVX512_BF16") ? 32 : 16);
        }
        // AVX alone has the product for F32 and lacks the conversion of F16, which llama.cpp then multiplies otherwise
        return has(systemInfo, "AVX2") && has(systemInfo, "F16C") ? new RowWidth(8, 8) : ANY;
    }

    private static boolean has(String systemInfo, String feature) {
        return systemInfo.contains(" " + feature + " = 1 ");
    }

    /** The width for an adapter that has tensors of these types. */
    int of(Set<GgmlType> types) {
        return types.contains(GgmlType.BF16) ? brains : floats;
    }
}
