package org.dndllm.eval.experiment;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.EngineOptions;
import org.dndllm.eval.EvalOptions;

/**
 * What all jobs of a table have in common.
 *
 * @param base model file
 * @param bundle generator
 * @param tasks task folder
 * @param loras trained LoRAs, where there are any
 * @param draws prompt draws of each task, one adapter each
 * @param items test items of a task, from the first; 0 for all
 * @param engine threads and context; no part of a job's identity
 */
public record Settings(
        Path base, Path bundle, Path tasks, Optional<Path> loras, int draws, int items, EngineOptions engine) {
    /** Longest answer in tokens. */
    static final int MAX_TOKENS = 16;

    private static final int PARALLEL = 32;

    EvalOptions options(int shots) {
        return new EvalOptions(items, EvalOptions.seeds(draws), MAX_TOKENS, shots, PARALLEL);
    }

    /** For the record. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("draws", draws);
        json.put("items", items);
        json.put("max_tokens", MAX_TOKENS);
        return json;
    }
}
