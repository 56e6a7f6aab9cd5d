package org.dndllm.train;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.TargetModule;

/**
 * What kind of LoRA is trained.
 *
 * @param rank r
 * @param alpha the scale is alpha / r
 * @param modules adapted in every layer, at least one
 * @param dropout share of the adapter's inputs that are zeroed in training, 0 for none
 */
public record LoraSettings(int rank, float alpha, Set<TargetModule> modules, double dropout) {
    /** Checks the values. */
    public LoraSettings {
        modules = java.util.Collections.unmodifiableSet(modules.isEmpty() ? Set.of() : EnumSet.copyOf(modules));
        if (rank < 1) {
            throw bad("rank", rank + " is not a rank; expected at least 1");
        }
        if (!Float.isFinite(alpha) || alpha == 0) {
            throw bad("alpha", alpha + " gives no usable scale; expected a finite number other than 0");
        }
        if (modules.isEmpty()) {
            throw bad("modules", "none; expected at least one of q_proj, k_proj, ...");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw bad("dropout", dropout + " is not a share; expected 0 or more and less than 1");
        }
    }

    /** All seven modules, alpha 2 r, no dropout: the official setting. */
    public static LoraSettings official(int rank) {
        return new LoraSettings(rank, 2f * rank, EnumSet.allOf(TargetModule.class), 0);
    }

    /** alpha / r. */
    public double scale() {
        return (double) alpha / rank;
    }

    /** For provenance and for comparing runs. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rank", rank);
        json.put("alpha", alpha);
        List<String> names = new ArrayList<>();
        modules.forEach(module -> names.add(module.hfName()));
        json.put("modules", names);
        json.put("dropout", dropout);
        return json;
    }

    private static InvalidInputException bad(String field, String problem) {
        return new InvalidInputException("LoRA settings", field, problem);
    }
}
