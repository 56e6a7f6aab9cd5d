package org.dndllm.train.generator;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a step of generator training consists of.
 *
 * @param objective what is minimised
 * @param tasksPerStep G in each part of a step
 * @param itemsPerTask S labelled items of each, where answers count
 * @param reconWeight factor of the reconstruction loss beside the answers'
 * @param validationItems most items of each validation task
 */
public record GeneratorSettings(
        Objective objective, int tasksPerStep, int itemsPerTask, double reconWeight, int validationItems) {
    public GeneratorSettings {
        if (tasksPerStep < 1 || itemsPerTask < 1 || validationItems < 1 || !(reconWeight > 0)) {
            throw new IllegalArgumentException("tasksPerStep " + tasksPerStep + ", itemsPerTask " + itemsPerTask
                    + ", validationItems " + validationItems + ", reconWeight " + reconWeight);
        }
    }

    /** For manifests. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("objective", objective.label());
        json.put("tasks_per_step", tasksPerStep);
        json.put("items_per_task", itemsPerTask);
        json.put("recon_weight", reconWeight);
        json.put("validation_items", validationItems);
        return json;
    }
}
