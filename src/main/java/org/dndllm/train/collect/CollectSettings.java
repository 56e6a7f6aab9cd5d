package org.dndllm.train.collect;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.format.DType;
import org.dndllm.train.LoraSettings;
import org.dndllm.train.TrainingOptions;

/**
 * How checkpoints are collected.
 *
 * @param recipe how many and how
 * @param lora kind of adapter
 * @param initSeed of the A matrices, one for all tasks and seeds
 * @param batch examples in each part of a step
 * @param training schedule and the rest; its seed is replaced by the recipe's, and its length is the whole run's
 * @param validationShare of the training items where a task has no validation file, 0 for none
 * @param maxTokens longer examples are left out
 * @param dtype of the stored adapters
 */
public record CollectSettings(
        Recipe recipe,
        LoraSettings lora,
        long initSeed,
        int batch,
        TrainingOptions training,
        double validationShare,
        int maxTokens,
        DType dtype) {

    /** What decides the numbers of one checkpoint, the seed of its run included. */
    Map<String, Object> toJson(TrainingOptions options) {
        Map<String, Object> json = new LinkedHashMap<>(recipe.toJson());
        json.put("lora", lora.toJson());
        json.put("init_seed", initSeed);
        json.put("batch", batch);
        json.put("training", options.toJson());
        json.put("validation_share", validationShare);
        json.put("max_tokens", maxTokens);
        json.put("dtype", dtype.name());
        return json;
    }
}
