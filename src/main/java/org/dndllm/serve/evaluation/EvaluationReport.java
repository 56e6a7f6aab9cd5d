package org.dndllm.serve.evaluation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.eval.Estimate;

/**
 * Scores of the base model and of adapters on the same items.
 *
 * @param items how many there were
 * @param maxTokens longest answer
 * @param results the base model first
 * @param warnings what makes a score worth less than it looks
 */
public record EvaluationReport(int items, int maxTokens, List<Result> results, List<String> warnings) {
    public EvaluationReport {
        results = List.copyOf(results);
        warnings = List.copyOf(warnings);
    }

    /**
     * One model's score.
     *
     * @param adapter empty for the base model
     * @param correct answers that are exactly the expected ones, after trimming both
     * @param accuracy share of correct ones, with Wilson's 95 % interval
     * @param conditionItems items whose prompt the adapter was generated from; empty where nobody knows
     * @param answers one per item, in order
     */
    public record Result(
            Optional<String> adapter,
            int correct,
            Estimate accuracy,
            Optional<Integer> conditionItems,
            List<String> answers) {
        public Result {
            answers = List.copyOf(answers);
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            adapter.ifPresent(name -> json.put("adapter", name));
            json.put("correct", correct);
            json.put("accuracy", accuracy.toJson());
            conditionItems.ifPresent(count -> json.put("condition_items", count));
            json.put("answers", answers);
            return json;
        }
    }

    /** As JSON values; the base model's result is the one without {@code adapter}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("object", "evaluation");
        json.put("items", items);
        json.put("max_tokens", maxTokens);
        json.put("metric", "exact_match");
        json.put("results", results.stream().map(Result::toJson).toList());
        json.put("warnings", new ArrayList<>(warnings));
        return json;
    }
}
