package org.dndllm.train;

import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.lora.TargetModule;

/**
 * LoRA pairs in front of a base model, as tensors of a graph: one adapter for the whole batch (A [r, in], B [out, r]) or
 * one per group of rows (A [G, r, in], B [G, out, r]), such as a generator puts out. The tensors stay their maker's.
 *
 * @param pairs which modules are adapted
 * @param scale alpha / r
 * @param dropout share of the adapter's inputs that are zeroed in training, 0 for none
 */
public record AdapterTensors(Map<Site, Pair> pairs, double scale, double dropout) {
    /** No adapter. */
    public static final AdapterTensors NONE = new AdapterTensors(Map.of(), 1, 0);

    /** A module of a layer. */
    public record Site(int layer, TargetModule module) {}

    /**
     * @param a [r, in] or [G, r, in]
     * @param b [out, r] or [G, out, r]
     */
    public record Pair(Tensor a, Tensor b) {}

    public AdapterTensors {
        pairs = Map.copyOf(pairs);
    }

    /** The same pairs as they act outside training. */
    public AdapterTensors withoutDropout() {
        return new AdapterTensors(pairs, scale, 0);
    }

    Optional<Pair> at(int layer, TargetModule module) {
        return Optional.ofNullable(pairs.get(new Site(layer, module)));
    }
}
