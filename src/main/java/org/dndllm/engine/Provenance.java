package org.dndllm.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a generated adapter comes from; {@code dnd.json} in an adapter folder. With the same bundle, base, prompts and
 * seed on the same machine the same adapter comes out again.
 *
 * @param bundleName name of the generator bundle
 * @param bundleSha256 identity of the bundle (hash of its {@code bundle.json})
 * @param trained whether the generator was trained at all
 * @param baseSha256 hash of the base model's GGUF file
 * @param promptSource the prompt file
 * @param promptsSha256 {@link PromptSet#sha256()}
 * @param promptCount how many prompts the file held
 * @param indices which of them were drawn, in order
 * @param hashes {@link Draw#hashes()}: tells later whether a prompt was among them
 * @param seed of the draw
 * @param times wall time of each stage
 * @param condition statistics of the condition
 * @param outOfDistribution how unlike the training tasks the prompts are; empty when the bundle cannot tell
 * @param warnings what a user should know about this generation, possibly nothing
 */
public record Provenance(
        String bundleName,
        String bundleSha256,
        boolean trained,
        String baseSha256,
        String promptSource,
        String promptsSha256,
        int promptCount,
        List<Integer> indices,
        Set<String> hashes,
        long seed,
        Map<String, Duration> times,
        org.dndllm.encoder.ConditionStats condition,
        Optional<OutOfDistribution.Score> outOfDistribution,
        List<String> warnings) {

    public Provenance {
        indices = List.copyOf(indices);
        hashes = Collections.unmodifiableSet(new LinkedHashSet<>(hashes));
        times = Collections.unmodifiableMap(new LinkedHashMap<>(times));
        warnings = List.copyOf(warnings);
    }

    static List<Integer> indices(Draw draw) {
        return Arrays.stream(draw.indices()).boxed().toList();
    }

    /** As JSON values: strings, numbers, lists, maps. */
    public Map<String, Object> toJson(Optional<Effect> effect) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", "dnd-adapter");
        json.put("version", 1);
        json.put("generator", Map.of("name", bundleName, "sha256", bundleSha256, "trained", trained));
        json.put("base", Map.of("sha256", baseSha256));
        Map<String, Object> prompts = new LinkedHashMap<>();
        prompts.put("source", promptSource);
        prompts.put("sha256", promptsSha256);
        prompts.put("count", promptCount);
        prompts.put("drawn", indices);
        prompts.put("drawn_hashes", new ArrayList<>(hashes));
        prompts.put("seed", seed);
        json.put("prompts", prompts);
        json.put("condition", conditionJson());
        json.put("out_of_distribution", OutOfDistribution.Score.json(outOfDistribution));
        json.put("timings_ms", timesJson());
        effect.ifPresent(measured -> json.put("effect", effectJson(measured)));
        json.put("warnings", new ArrayList<>(warnings));
        return json;
    }

    /** Milliseconds by stage name. */
    public Map<String, Object> timesJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        times.forEach((stage, time) -> json.put(stage, Math.round(time.toNanos() / 1e4) / 100.0));
        return json;
    }

    private Map<String, Object> conditionJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("shape", List.of(condition.prompts(), condition.length(), condition.width()));
        json.put("real_tokens", condition.realTokens());
        json.put("padding_share", condition.paddingShare());
        json.put("full_prompts", condition.fullPrompts());
        json.put("mean_cosine", condition.meanCosine());
        json.put("min_cosine", condition.minCosine());
        json.put("collapsed", condition.collapsed());
        return json;
    }

    /** An effect as JSON values. */
    public static Map<String, Object> effectJson(Effect effect) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("max_abs_logit_change", effect.maxAbs());
        json.put("mean_abs_logit_change", effect.meanAbs());
        json.put("kl_divergence", effect.klDivergence());
        json.put("first_token_changed", effect.firstTokenChanged());
        return json;
    }
}
