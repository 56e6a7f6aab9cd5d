package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.eval.benchmark.ConditionOrigin;

/**
 * One set with all its contenders.
 *
 * @param columns that can judge it, in order
 * @param contenders the base model first
 */
public record SetScore(ItemSample sample, List<ScoreColumn> columns, List<ContenderScore> contenders) {
    /** Name of the base model among the contenders. */
    public static final String BASE = "base";

    public SetScore {
        columns = List.copyOf(columns);
        contenders = List.copyOf(contenders);
    }

    /** The model without an adapter. */
    public ContenderScore base() {
        return contenders.getFirst();
    }

    /** All others. */
    public List<ContenderScore> adapters() {
        return contenders.subList(1, contenders.size());
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("set", sample.set().name());
        json.put("file", sample.set().source());
        json.put("split", sample.set().split().label());
        json.put("kind", sample.set().kind().label());
        json.put("items", sample.items().size());
        json.put("items_in_file", sample.set().items().size());
        json.put("chance", sample.chance());
        json.put("warnings", sample.set().warnings());
        List<Map<String, Object>> all = new ArrayList<>();
        all.add(contender(base(), false));
        adapters().forEach(adapter -> all.add(contender(adapter, true)));
        json.put("contenders", all);
        return json;
    }

    private Map<String, Object> contender(ContenderScore contender, boolean compared) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", contender.name());
        contender.condition().ifPresent(origin -> json.put("condition", condition(origin)));
        Map<String, Object> scores = new LinkedHashMap<>();
        for (ColumnScore score : contender.columns()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("items", score.judgements().size());
            entry.put("right", score.right());
            entry.put("unread", score.unread());
            entry.put("accuracy", score.accuracy().toJson());
            if (compared) {
                base().of(score.column())
                        .ifPresent(base ->
                                entry.put("minus_base", score.minus(base).toJson()));
            }
            scores.put(score.column().label(), entry);
        }
        json.put("scores", scores);
        json.put("remarks", contender.remarks());
        json.put("seconds", contender.seconds());
        return json;
    }

    private static Map<String, Object> condition(ConditionOrigin origin) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("file", origin.source());
        json.put("split", origin.split().label());
        json.put("questions_of_the_scored_file", origin.overlap());
        json.put("breach", origin.breach());
        return json;
    }
}
