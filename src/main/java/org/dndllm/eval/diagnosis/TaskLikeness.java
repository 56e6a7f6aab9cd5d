package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.eval.diagnosis.Placement.Part;

/**
 * How a prompt set stands to the training tasks.
 *
 * @param name of the task or prompt file
 * @param nearest every training task with the cosine of the mean prompt embeddings, the nearest first
 * @param outOfDistribution the generator's own score; empty where its bundle has no statistics
 */
public record TaskLikeness(String name, List<Part> nearest, Optional<OutOfDistribution.Score> outOfDistribution) {
    /** Copies the list. */
    public TaskLikeness {
        nearest = List.copyOf(nearest);
    }

    static TaskLikeness of(String name, List<String> tasks, double[] cosines, Optional<OutOfDistribution.Score> score) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < cosines.length; i++) {
            parts.add(new Part(tasks.get(i), cosines[i]));
        }
        parts.sort(Comparator.comparingDouble(Part::value).reversed());
        return new TaskLikeness(name, parts, score);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        Map<String, Object> cosines = new LinkedHashMap<>();
        nearest.forEach(part -> cosines.put(part.reference(), part.value()));
        json.put("nearest_training_tasks", cosines);
        json.put("out_of_distribution", OutOfDistribution.Score.json(outOfDistribution));
        return json;
    }
}
