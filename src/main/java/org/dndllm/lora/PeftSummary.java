package org.dndllm.lora;

import java.util.Set;
import org.dndllm.format.DType;

/**
 * What {@link PeftAdapter#check} found in a folder.
 *
 * @param rank r
 * @param alpha such that the scale is alpha / rank, whatever the file's own rule
 * @param dtype common type of the tensors, F32 when they differ
 * @param modules that have pairs in some layer; unmodifiable
 * @param pairs of A [r, in] and B [out, r]
 */
public record PeftSummary(int rank, float alpha, DType dtype, Set<TargetModule> modules, int pairs) {
    public PeftSummary {
        modules = Set.copyOf(modules);
    }
}
