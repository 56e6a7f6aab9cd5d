package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.eval.Estimate;

/**
 * Whether prompts of different tasks lie apart for the encoder. A generator can only tell tasks apart that its conditions
 * tell apart; hidden states of a language model, for instance, can be so alike that nothing is learned (arXiv 2506.16406,
 * Table 4b).
 *
 * @param tasks how many
 * @param prompts of all tasks together
 * @param between mean squared distance of the tasks' means from the mean of all prompts, each task weighted by its prompts
 * @param within mean squared distance of prompts from their task's mean
 * @param cosineWithin mean cosine of two prompts of one task, mean over tasks
 * @param cosineBetween mean cosine of prompts of two tasks, mean over pairs of tasks
 * @param silhouette mean silhouette of the prompts by cosine distance, -1 to 1 (P. J. Rousseeuw, 1987)
 * @param promptAccuracy how often a prompt is nearest (cosine) to the mean of its own task's other prompts, among all tasks'
 *     means
 * @param drawAccuracy the same of halves of the tasks: how often the mean of one half is nearest to the other half's of its
 *     own task
 * @param effectiveRank of the tasks' centred means, 1 to {@code tasks - 1}: the exponential of the entropy of their singular
 *     values (O. Roy and M. Vetterli, 2007); 0 where all means are equal
 */
public record ConditionGeometry(
        int tasks,
        int prompts,
        double between,
        double within,
        double cosineWithin,
        double cosineBetween,
        double silhouette,
        Estimate promptAccuracy,
        Estimate drawAccuracy,
        double effectiveRank) {
    /**
     * Measures embeddings.
     *
     * @param embeddings per task [prompts][C], at least four prompts of each of at least two tasks
     * @throws InvalidInputException if there are fewer
     */
    public static ConditionGeometry of(Map<String, float[][]> embeddings) {
        embeddings.forEach((task, rows) -> {
            if (rows.length < 4) {
                throw new InvalidInputException(
                        task, "prompts", "there are " + rows.length + "; two halves need at least four");
            }
        });
        if (embeddings.size() < 2) {
            throw new InvalidInputException(
                    "conditions", "tasks", "there are " + embeddings.size() + "; comparing needs at least two");
        }
        return new ConditionMeasurement(new ArrayList<>(embeddings.values())).measure();
    }

    /** What the tasks' differences explain of the prompts' variance, 0 to 1. */
    public double explained() {
        return between + within == 0 ? 0 : between / (between + within);
    }

    /**
     * What is wrong with these conditions, as sentences; empty where tasks lie apart. Two separate criteria: prompts of
     * different tasks have a mean cosine above {@link ConditionStats#COLLAPSED_ABOVE}; halves of tasks find each other no more
     * often than chance would have it (the chance lies within or above the 95 % interval of {@link #drawAccuracy}).
     */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (cosineBetween > ConditionStats.COLLAPSED_ABOVE) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "collapsed: prompts of different tasks have a mean cosine of %.4f (above %.2f), as good as one point",
                    cosineBetween,
                    ConditionStats.COLLAPSED_ABOVE));
        }
        if (drawAccuracy.low() <= 1.0 / tasks) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "indistinguishable: means of prompts find their own task in %.1f %% of cases [%.1f, %.1f], chance is"
                            + " %.1f %%",
                    100 * drawAccuracy.value(),
                    100 * drawAccuracy.low(),
                    100 * drawAccuracy.high(),
                    100.0 / tasks));
        }
        return warnings;
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tasks", tasks);
        json.put("prompts", prompts);
        json.put("variance_between", between);
        json.put("variance_within", within);
        json.put("variance_explained", explained());
        json.put("cosine_within", cosineWithin);
        json.put("cosine_between", cosineBetween);
        json.put("silhouette", silhouette);
        json.put("prompt_accuracy", promptAccuracy.toJson());
        json.put("draw_accuracy", drawAccuracy.toJson());
        json.put("chance", 1.0 / tasks);
        json.put("effective_rank", effectiveRank);
        json.put("warnings", warnings());
        return json;
    }
}
