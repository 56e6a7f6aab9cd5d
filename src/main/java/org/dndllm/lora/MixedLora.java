package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;

/**
 * An adapter whose modules may differ in rank and scale, as other people's do ({@code rank_pattern} and {@code
 * alpha_pattern} of PEFT, tensors of several ranks in a GGUF file): one {@link LoraWeights} for each rank and alpha, none
 * of which touches a module of another. {@link CanonicalForm} brings it to one rank. Immutable.
 *
 * @param groups at least one, for base models of one shape
 */
public record MixedLora(List<LoraWeights> groups) {
    private static final String SOURCE = "LoRA weights";

    /** Checks the groups. */
    public MixedLora {
        groups = List.copyOf(groups);
        if (groups.isEmpty()) {
            throw new InvalidInputException(SOURCE, "tensors", "none; an adapter must touch at least one module");
        }
        Set<ModuleName> seen = new HashSet<>();
        for (LoraWeights group : groups) {
            if (!group.shape().equals(groups.getFirst().shape())) {
                throw new InvalidInputException(SOURCE, "base shape", "differs between the groups; expected one");
            }
            for (LoraTensor pair : group.tensors()) {
                if (!seen.add(new ModuleName(pair.layer(), pair.module()))) {
                    throw new InvalidInputException(SOURCE, pair.label(), "occurs twice; expected one pair per module");
                }
            }
        }
    }

    /** An adapter of one rank. */
    public static MixedLora of(LoraWeights weights) {
        return new MixedLora(List.of(weights));
    }

    /** The factor before B * A, as rank and numerator. */
    record Scale(int rank, float alpha) {}

    /** A pair and its scale. */
    record Scaled(LoraTensor pair, Scale scale) {}

    /** Sorts pairs by their scales. */
    static MixedLora of(BaseShape shape, DType dtype, List<Scaled> pairs) {
        Map<Scale, List<LoraTensor>> sorted = new LinkedHashMap<>();
        pairs.forEach(each ->
                sorted.computeIfAbsent(each.scale(), scale -> new ArrayList<>()).add(each.pair()));
        List<LoraWeights> groups = new ArrayList<>();
        sorted.forEach(
                (scale, tensors) -> groups.add(LoraWeights.of(shape, scale.rank(), scale.alpha(), dtype, tensors)));
        return new MixedLora(groups);
    }

    /** The adapter itself, where all modules have one rank and alpha. */
    public Optional<LoraWeights> uniform() {
        return groups.size() == 1 ? Optional.of(groups.getFirst()) : Optional.empty();
    }

    /** The groups as a sum, which is what they are: for {@link LoraError}. */
    public List<LoraBlend.Part> parts() {
        return groups.stream().map(group -> new LoraBlend.Part(group, 1)).toList();
    }

    /** The base model that this adapter is for. */
    public BaseShape shape() {
        return groups.getFirst().shape();
    }

    /** The modules touched in at least one layer. */
    public Set<TargetModule> modules() {
        EnumSet<TargetModule> modules = EnumSet.noneOf(TargetModule.class);
        groups.forEach(group -> modules.addAll(group.modules()));
        return Collections.unmodifiableSet(modules);
    }

    /** What is touched, layer by layer. */
    public List<ModuleName> names() {
        return groups.stream()
                .flatMap(group -> group.tensors().stream())
                .map(pair -> new ModuleName(pair.layer(), pair.module()))
                .sorted(ModuleName.ORDER)
                .toList();
    }
}
