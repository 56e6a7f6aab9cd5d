package org.dndllm.eval.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import org.dndllm.eval.Bootstrap;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;
import org.dndllm.format.JsonValue;

/**
 * What a job brought.
 *
 * @param job its name
 * @param cells one per task and run; empty when it could not be measured
 * @param remark why it could not be measured, or what to know about it; may be empty
 * @param measures further numbers by name, with their unit in it
 * @param cost of the whole job
 * @param inputs hash of all that decides the cells
 */
public record JobResult(
        String job, List<Cell> cells, String remark, Map<String, Double> measures, Cost cost, String inputs) {
    public JobResult {
        cells = List.copyOf(cells);
        measures = Collections.unmodifiableMap(new LinkedHashMap<>(measures));
    }

    /** Whether there is a number. */
    public boolean measured() {
        return !cells.isEmpty();
    }

    /** Mean accuracy over the runs of each task. */
    public Map<String, Double> byTask() {
        return Cell.byTask(cells);
    }

    /** Mean over tasks with its interval, which resamples tasks; where all tasks are alike, Wilson's over all items. */
    public Optional<Estimate> accuracy() {
        if (!measured()) {
            return Optional.empty();
        }
        Estimate mean = Bootstrap.mean(units(byTask()));
        int items = Cell.firstRuns(cells).values().stream()
                .mapToInt(cell -> cell.hits().size())
                .sum();
        return Optional.of(mean.low() < mean.high() ? mean : Wilson.of((int) Math.round(mean.value() * items), items));
    }

    /** Median seconds over the cells that have any. */
    public Map<String, Double> secondsByTask() {
        return cells.stream()
                .filter(cell -> cell.seconds().isPresent())
                .collect(Collectors.groupingBy(
                        Cell::task,
                        LinkedHashMap::new,
                        Collectors.averagingDouble(cell -> cell.seconds().orElseThrow())));
    }

    /** Median over all cells that have seconds. */
    public OptionalDouble seconds() {
        return JobBench.median(
                cells.stream().flatMapToDouble(cell -> cell.seconds().stream()).toArray());
    }

    /** Wall time of the whole job for each pass over a task's items. */
    public double passSeconds() {
        return cost.wallSeconds() / cells.size();
    }

    /** Share of adapters whose prompts are above the out-of-distribution threshold; empty where there is no score. */
    public Optional<Estimate> outside() {
        List<Cell> scored =
                cells.stream().filter(cell -> cell.score().isPresent()).toList();
        return scored.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        Wilson.of((int) scored.stream().filter(Cell::outside).count(), scored.size()));
    }

    /** As JSON values; {@link #fromJson} reads them back. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("job", job);
        json.put("inputs", inputs);
        json.put("remark", remark);
        json.put("measures", measures);
        json.put("cost", cost.toJson());
        json.put("cells", cells.stream().map(Cell::toJson).toList());
        return json;
    }

    /**
     * Reads a result.
     *
     * @throws org.dndllm.InvalidInputException naming the member at fault
     */
    public static JobResult fromJson(JsonValue.Obj json) {
        List<Cell> cells = new ArrayList<>();
        json.array("cells").objects().forEach(cell -> cells.add(Cell.fromJson(cell)));
        Map<String, Double> measures = new LinkedHashMap<>();
        JsonValue.Obj numbers = json.object("measures");
        numbers.members().keySet().forEach(name -> measures.put(name, numbers.number(name)));
        return new JobResult(
                json.string("job"),
                cells,
                json.string("remark"),
                measures,
                Cost.fromJson(json.object("cost")),
                json.string("inputs"));
    }

    private static double[] units(Map<String, Double> values) {
        return values.values().stream().mapToDouble(Double::doubleValue).toArray();
    }
}
