package org.dndllm.lora;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The six official targets (source: the official code's training scripts and {@code tokenizer/register.py}), and the
 * smallest of them in plain tokens for the compact family.
 */
enum LayoutPreset {
    COMMON_SENSE_0_5B("qwen2.5-0.5b-commonsense", BaseShape.QWEN2_5_0_5B, 8, 128),
    CODING_1_5B("qwen2.5-1.5b-coding", BaseShape.QWEN2_5_1_5B, 16, 256),
    MATH_1_5B("qwen2.5-1.5b-math", BaseShape.QWEN2_5_1_5B, 16, 256),
    CODING_7B("qwen2.5-7b-coding", BaseShape.QWEN2_5_7B, 16, 512),
    MATH_7B("qwen2.5-7b-math", BaseShape.QWEN2_5_7B, 16, 512),
    MATH_VL_3B("qwen2.5-vl-3b-math", BaseShape.VL_3B, 16, 256),
    COMPACT_0_5B("compact-qwen2.5-0.5b", BaseShape.QWEN2_5_0_5B, 8, 128, TokenForm.PLAIN);

    private final String presetName;
    private final BaseShape shape;
    private final int rank;
    private final int chunk;
    private final TokenForm form;

    LayoutPreset(String presetName, BaseShape shape, int rank, int chunk) {
        this(presetName, shape, rank, chunk, TokenForm.STANDARDIZED);
    }

    LayoutPreset(String presetName, BaseShape shape, int rank, int chunk, TokenForm form) {
        this.presetName = presetName;
        this.shape = shape;
        this.rank = rank;
        this.chunk = chunk;
        this.form = form;
    }

    static Optional<LayoutPreset> byName(String name) {
        return Arrays.stream(values())
                .filter(preset -> preset.presetName.equals(name))
                .findFirst();
    }

    String presetName() {
        return presetName;
    }

    /** All seven modules, alpha twice the rank, as in every official adapter. */
    AdapterLayout layout() {
        return AdapterLayout.of(shape, rank, 2f * rank, List.of(TargetModule.values()), chunk, form);
    }
}
