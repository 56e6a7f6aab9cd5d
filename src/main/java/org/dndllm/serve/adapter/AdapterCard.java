package org.dndllm.serve.adapter;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.format.JsonValue;

/**
 * What is known about a loaded adapter.
 *
 * @param name by which requests ask for it
 * @param generation identity of these weights: begins with their hash, never used again
 * @param created when they were loaded or generated
 * @param facts rank, alpha, modules, size, norms, effect and provenance, as JSON values
 */
public record AdapterCard(String name, String generation, Instant created, Map<String, ?> facts) {
    public AdapterCard {
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("generation", generation);
        json.put("created", created.getEpochSecond());
        json.putAll(facts);
        return json;
    }

    static AdapterCard fromJson(JsonValue.Obj json) {
        Map<String, Object> facts = new LinkedHashMap<>(json.members());
        facts.keySet().removeAll(java.util.List.of("name", "generation", "created"));
        return new AdapterCard(
                AdapterName.require(json.string("name")),
                json.string("generation"),
                Instant.ofEpochSecond(json.integer("created")),
                facts);
    }

    /** The number behind the hash, by which generations are ordered. */
    static long serial(String generation) {
        return Long.parseLong(generation.substring(generation.indexOf('-') + 1));
    }
}
