package org.dndllm.eval.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.eval.Run;
import org.dndllm.format.JsonValue;

/**
 * One pass over the items of one task.
 *
 * @param task its name
 * @param run which draw or LoRA
 * @param hits whether each item is answered right, in order
 * @param seconds prompts to attached adapter, or training time of the LoRA; empty where there is neither
 * @param score out-of-distribution score of the prompts, where the bundle can tell
 * @param outside whether the score is above the bundle's threshold
 */
public record Cell(
        String task, String run, List<Boolean> hits, OptionalDouble seconds, OptionalDouble score, boolean outside) {
    public Cell {
        hits = List.copyOf(hits);
    }

    static Cell of(String task, Run run, OptionalDouble seconds) {
        return new Cell(task, run.label(), run.hits(), seconds, OptionalDouble.empty(), false);
    }

    Cell scored(OutOfDistribution.Score known) {
        return new Cell(task, run, hits, seconds, OptionalDouble.of(known.value()), known.outside());
    }

    /** The first run of every task: what is paired item by item with another job. */
    public static Map<String, Cell> firstRuns(List<Cell> cells) {
        Map<String, Cell> first = new LinkedHashMap<>();
        cells.forEach(cell -> first.putIfAbsent(cell.task(), cell));
        return first;
    }

    /** Mean accuracy over the runs of each task. */
    public static Map<String, Double> byTask(List<Cell> cells) {
        return cells.stream()
                .collect(Collectors.groupingBy(
                        Cell::task, LinkedHashMap::new, Collectors.averagingDouble(Cell::accuracy)));
    }

    /** How many items are answered right. */
    public int right() {
        return (int) hits.stream().filter(hit -> hit).count();
    }

    /** Share of items answered right. */
    public double accuracy() {
        return (double) right() / hits.size();
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task", task);
        json.put("run", run);
        StringBuilder digits = new StringBuilder();
        hits.forEach(hit -> digits.append(hit ? '1' : '0'));
        json.put("hits", digits.toString());
        seconds.ifPresent(value -> json.put("seconds", value));
        score.ifPresent(value -> json.put("score", value));
        json.put("outside", outside);
        return json;
    }

    static Cell fromJson(JsonValue.Obj json) {
        String digits = json.string("hits");
        if (!digits.matches("[01]+")) {
            throw new InvalidInputException(
                    json.source(), json.pathOf("hits"), "is not a row of 0 and 1; remove the file to measure again");
        }
        List<Boolean> hits = new ArrayList<>(digits.length());
        digits.chars().forEach(digit -> hits.add(digit == '1'));
        return new Cell(
                json.string("task"),
                json.string("run"),
                hits,
                number(json, "seconds"),
                number(json, "score"),
                json.bool("outside"));
    }

    private static OptionalDouble number(JsonValue.Obj json, String key) {
        return json.has(key) ? OptionalDouble.of(json.number(key)) : OptionalDouble.empty();
    }
}
