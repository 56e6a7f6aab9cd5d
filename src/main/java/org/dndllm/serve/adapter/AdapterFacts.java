package org.dndllm.serve.adapter;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.engine.Effect;
import org.dndllm.engine.Provenance;
import org.dndllm.engine.StageTimes;
import org.dndllm.format.Sha256;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.LoraNorms;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/** Describes an adapter for its card, as JSON values. */
final class AdapterFacts {
    private AdapterFacts() {}

    static Map<String, Object> of(
            String origin,
            AdapterContent content,
            LoraAdapter loaded,
            Effect effect,
            StageTimes times,
            Map<String, ?> provenance) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("origin", origin);
        facts.put("rank", loaded.rank());
        facts.put("alpha", loaded.alpha());
        facts.put("bytes", loaded.bytes());
        facts.put("sha256", Sha256.of(content.gguf()));
        facts.put("peft", content.weights().isPresent());
        content.weights().ifPresent(weights -> {
            facts.put(
                    "target_modules",
                    weights.modules().stream().map(TargetModule::hfName).toList());
            facts.put("parameters", weights.parameters());
            facts.put("norms", norms(weights));
        });
        facts.put("effect", Provenance.effectJson(effect));
        facts.put("timings_ms", millis(times));
        facts.put("provenance", provenance);
        return facts;
    }

    private static Map<String, Object> norms(LoraWeights weights) {
        LoraNorms norms = LoraNorms.of(weights);
        Map<String, Object> byModule = new LinkedHashMap<>();
        norms.byModule().forEach((module, norm) -> byModule.put(module.hfName(), norm));
        List<Map<String, Object>> entries = new ArrayList<>();
        for (LoraNorms.Entry entry : norms.entries()) {
            entries.add(Map.of("layer", entry.layer(), "module", entry.module().hfName(), "norm", entry.norm()));
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("total", norms.total());
        json.put("by_module", byModule);
        json.put("entries", entries);
        return json;
    }

    private static Map<String, Object> millis(StageTimes times) {
        Map<String, Object> json = new LinkedHashMap<>();
        for (Map.Entry<String, Duration> stage : times.stages().entrySet()) {
            json.put(stage.getKey(), Math.round(stage.getValue().toNanos() / 1e4) / 100.0);
        }
        return json;
    }
}
