package org.dndllm.lora;

import java.util.Set;
import org.dndllm.format.GgmlType;

/**
 * What {@link GgufAdapter#validate} found in an adapter that it let pass.
 *
 * @param architecture of the base model
 * @param alpha numerator of the scale; llama.cpp divides it by each pair's own rank
 * @param lowestRank smallest rank of any pair
 * @param highestRank largest rank of any pair; equals the smallest in most adapters
 * @param pairs number of weights touched
 * @param modules the modules touched in at least one layer
 * @param outerWeights whether the embedding or the output projection is touched, which {@link LoraWeights} cannot hold
 * @param types element types of the tensors
 * @param parameters number of values in all A and B together
 */
public record AdapterSummary(
        String architecture,
        float alpha,
        int lowestRank,
        int highestRank,
        int pairs,
        Set<TargetModule> modules,
        boolean outerWeights,
        Set<GgmlType> types,
        long parameters) {
    /** Copies the sets. */
    public AdapterSummary {
        modules = Set.copyOf(modules);
        types = Set.copyOf(types);
    }
}
