package org.dndllm.eval.diagnosis;

import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.lora.TargetModule;

/**
 * Where an adapter's change of the weights lies among those of reference adapters.
 *
 * @param name of the adapter
 * @param neighbours every reference with its cosine, the nearest first
 * @param mixture the weighted sum of references that comes nearest to the adapter, the heaviest part (coefficient times norm)
 *     first
 * @param total all modules together
 * @param modules each module over all layers
 */
public record Placement(
        String name, List<Part> neighbours, List<Part> mixture, Place total, Map<TargetModule, Place> modules) {
    /**
     * A reference and a number of its own.
     *
     * @param reference its name
     * @param value cosine with it, or its factor in the mixture
     */
    public record Part(String reference, double value) {}

    /**
     * One module, or all.
     *
     * @param norm of the change {@code scale * B * A}
     * @param normRatio to the nearest reference's norm; 0 where that one changes nothing
     * @param cosine with the nearest reference (nearest over all modules)
     * @param inside share of the squared norm in the span of all references
     * @param besideMean the same share after the references' mean has been taken from them and from the adapter: whether what
     *     sets it apart from the average is a mixture of what sets them apart. 1 for the mean itself
     * @param spaces beside those of the nearest reference; empty where they were not compared
     */
    public record Place(
            double norm, double normRatio, double cosine, double inside, double besideMean, Optional<Spaces> spaces) {
        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("norm", norm);
            json.put("norm_ratio", normRatio);
            json.put("cosine", cosine);
            json.put("inside", inside);
            json.put("inside_beside_mean", besideMean);
            spaces.ifPresent(found -> json.put("spaces", found.toJson()));
            return json;
        }
    }

    /**
     * How far two adapters use the same directions: mean squared cosines of principal angles, mean over weights.
     *
     * @param written of column spaces; 1 for the same directions, 0 for right angles
     * @param writtenByChance what random spaces of these dimensions would have
     * @param read of row spaces
     * @param readByChance what random spaces of these dimensions would have
     */
    public record Spaces(double written, double writtenByChance, double read, double readByChance) {
        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("written", written);
            json.put("written_by_chance", writtenByChance);
            json.put("read", read);
            json.put("read_by_chance", readByChance);
            return json;
        }
    }

    /** Copies lists and map. */
    public Placement {
        neighbours = List.copyOf(neighbours);
        mixture = List.copyOf(mixture);
        modules = Collections.unmodifiableMap(new EnumMap<>(modules));
    }

    /** The reference with the largest cosine. */
    public Part nearest() {
        return neighbours.getFirst();
    }

    /** What the adapter is to the references, all modules together. */
    public Verdict verdict() {
        return Verdict.of(total.cosine(), total.inside());
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("verdict", verdict().label());
        json.put("nearest", nearest().reference());
        json.putAll(total.toJson());
        Map<String, Object> perModule = new LinkedHashMap<>();
        modules.forEach((module, place) -> perModule.put(module.hfName(), place.toJson()));
        json.put("modules", perModule);
        json.put("cosines", parts(neighbours));
        json.put("coefficients", parts(mixture));
        return json;
    }

    private static Map<String, Object> parts(List<Part> parts) {
        Map<String, Object> json = new LinkedHashMap<>();
        parts.forEach(part -> json.put(part.reference(), part.value()));
        return json;
    }
}
