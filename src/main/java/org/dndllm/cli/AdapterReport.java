package org.dndllm.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.engine.DragAndDrop.Attached;
import org.dndllm.engine.Effect;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.Provenance;
import org.dndllm.lora.LoraNorms;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/** What a person wants to know about a freshly generated and attached adapter. */
record AdapterReport(GeneratedAdapter adapter, Attached attached) {

    void print(Output output) {
        Provenance from = adapter.provenance();
        LoraWeights weights = adapter.weights();
        from.warnings().forEach(warning -> output.note("warning: %s", warning));
        output.line(
                "prompts   %d drawn of %d in %s (seed %d)",
                from.indices().size(), from.promptCount(), from.promptSource(), from.seed());
        output.line("condition %s", condition(from.condition()));
        output.line("known     %s", known(from));
        output.line(
                "adapter   rank %d, alpha %.0f, %d modules x %d layers, %,d parameters",
                weights.rank(),
                (double) weights.alpha(),
                weights.modules().size(),
                weights.shape().layers(),
                weights.parameters());
        output.line("norms     |scale B A| by module: %s", norms(weights));
        Effect effect = attached.effect();
        output.line(
                "effect    on the logits after a probe: max %.4g, mean %.4g, KL %.4g nats, next token %s",
                effect.maxAbs(),
                effect.meanAbs(),
                effect.klDivergence(),
                effect.firstTokenChanged() ? "changed" : "unchanged");
        output.line("timings   %s", times());
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        LoraWeights weights = adapter.weights();
        json.put("name", adapter.name());
        json.put("rank", weights.rank());
        json.put("alpha", weights.alpha());
        json.put(
                "target_modules",
                weights.modules().stream().map(TargetModule::hfName).toList());
        json.put("parameters", weights.parameters());
        Map<String, Double> byModule = new LinkedHashMap<>();
        weights.modules().forEach(module -> byModule.put(module.hfName(), norm(LoraNorms.of(weights), module)));
        json.put("norms", byModule);
        json.put("effect", Provenance.effectJson(attached.effect()));
        json.put("timings_ms", millis());
        json.putAll(provenance());
        return json;
    }

    private Map<String, Object> provenance() {
        Map<String, Object> all = adapter.provenance().toJson(java.util.Optional.empty());
        Map<String, Object> kept = new LinkedHashMap<>();
        for (String key : List.of("generator", "prompts", "condition", "out_of_distribution", "warnings")) {
            kept.put(key, Objects.requireNonNull(all.get(key)));
        }
        return kept;
    }

    private static String condition(ConditionStats stats) {
        return String.format(
                Locale.ROOT,
                "[%d prompts, %d positions, %d channels], %d real tokens, %.0f %% padding, cosine between prompts mean"
                        + " %.3f, least %.3f",
                stats.prompts(),
                stats.length(),
                stats.width(),
                stats.realTokens(),
                100 * stats.paddingShare(),
                stats.meanCosine(),
                stats.minCosine());
    }

    private static String known(Provenance from) {
        return from.outOfDistribution()
                .map(score -> String.format(
                        Locale.ROOT,
                        "%s: out-of-distribution score %.2f, threshold %.2f",
                        score.outside() ? "no, unlike the training tasks" : "yes, like the training tasks",
                        score.value(),
                        score.threshold()))
                .orElse("no score: the bundle has no statistics of its training tasks");
    }

    private static String norms(LoraWeights weights) {
        LoraNorms norms = LoraNorms.of(weights);
        List<String> parts = new ArrayList<>();
        for (TargetModule module : weights.modules()) {
            parts.add(String.format(Locale.ROOT, "%s %.3g", module.hfName().replace("_proj", ""), norm(norms, module)));
        }
        return String.join(", ", parts);
    }

    /** Root of the summed squares over layers. */
    private static double norm(LoraNorms norms, TargetModule module) {
        return Objects.requireNonNull(norms.byModule().get(module));
    }

    private String times() {
        List<String> parts = new ArrayList<>();
        allTimes()
                .forEach((stage, time) ->
                        parts.add(String.format(Locale.ROOT, "%s %.1f ms", stage, time.toNanos() / 1e6)));
        return String.join(", ", parts);
    }

    private Map<String, Object> millis() {
        Map<String, Object> json = new LinkedHashMap<>();
        allTimes().forEach((stage, time) -> json.put(stage, Math.round(time.toNanos() / 1e4) / 100.0));
        return json;
    }

    private Map<String, Duration> allTimes() {
        Map<String, Duration> all = new LinkedHashMap<>(adapter.provenance().times());
        all.putAll(attached.times().stages());
        return all;
    }
}
