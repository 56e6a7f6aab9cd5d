package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.eval.Bootstrap;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.Wilson;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.statistics.McNemar;

/**
 * Two jobs on the same tasks.
 *
 * @param pair which
 * @param difference the first's mean accuracy minus the second's, task by task over all runs; the interval resamples tasks,
 *     or the items of the first runs where there is one task only; of two to four tasks it is Student's; where all are
 *     alike, what Wilson's interval leaves for none of the items stands on both sides
 * @param test on the first run of every task, item by item, so that no item counts twice
 * @param adjusted the test's p after Holm's correction over all comparisons of the report
 * @param tasks that both were measured on
 */
public record Comparison(Pair pair, Estimate difference, McNemar test, double adjusted, int tasks) {
    /** What counts as significant, after correction. */
    public static final double LEVEL = 0.05;

    /**
     * Names of two jobs, the order of which is the sign of the difference.
     *
     * @param one minus
     * @param other this
     */
    public record Pair(String one, String other) {}

    /**
     * Without the correction, which needs all comparisons; empty where the jobs have no task in common, by name and by number
     * of items.
     */
    static Optional<Comparison> of(Pair pair, List<Cell> one, List<Cell> other) {
        Map<String, Cell> first = Cell.firstRuns(one);
        Map<String, Cell> second = Cell.firstRuns(other);
        Map<String, Double> means = Cell.byTask(one);
        Map<String, Double> otherMeans = Cell.byTask(other);
        List<Boolean> hits = new ArrayList<>();
        List<Boolean> otherHits = new ArrayList<>();
        List<Double> differences = new ArrayList<>();
        for (Map.Entry<String, Cell> entry : first.entrySet()) {
            String task = entry.getKey();
            Cell against = second.get(task);
            Double mean = means.get(task);
            Double otherMean = otherMeans.get(task);
            if (against != null
                    && mean != null
                    && otherMean != null
                    && against.hits().size() == entry.getValue().hits().size()) {
                hits.addAll(entry.getValue().hits());
                otherHits.addAll(against.hits());
                differences.add(mean - otherMean);
            }
        }
        if (differences.isEmpty()) {
            return Optional.empty();
        }
        McNemar test = McNemar.of(hits, otherHits);
        double[] units = differences.size() > 1
                ? differences.stream().mapToDouble(Double::doubleValue).toArray()
                : byItem(hits, otherHits); // one task has no spread to see
        return Optional.of(
                new Comparison(pair, mean(units, differences.size(), hits.size()), test, test.p(), differences.size()));
    }

    /** Where all units are alike, a few unseen items could still differ: as many as Wilson's interval of none leaves. */
    private static Estimate mean(double[] units, int tasks, int items) {
        boolean few = tasks > 1 && tasks <= StudentMean.MOST;
        Estimate mean = few ? StudentMean.of(units) : Bootstrap.mean(units);
        if (mean.low() < mean.high()) {
            return mean;
        }
        double reach = Wilson.of(0, items).high();
        return new Estimate(mean.value(), Math.max(-1, mean.value() - reach), Math.min(1, mean.value() + reach));
    }

    private static double[] byItem(List<Boolean> hits, List<Boolean> otherHits) {
        double[] units = new double[hits.size()];
        for (int i = 0; i < units.length; i++) {
            units[i] = (hits.get(i) ? 1 : 0) - (otherHits.get(i) ? 1 : 0);
        }
        return units;
    }

    Comparison corrected(double p) {
        return new Comparison(pair, difference, test, p, tasks);
    }

    /** The same with the other sign. */
    Comparison turned() {
        return new Comparison(
                new Pair(pair.other(), pair.one()),
                new Estimate(-difference.value(), -difference.high(), -difference.low()),
                new McNemar(test.onlySecond(), test.onlyFirst(), test.items(), test.p()),
                adjusted,
                tasks);
    }

    /** Whether the first is better: significant after correction, and the interval over tasks is above zero. */
    public boolean better() {
        return adjusted < LEVEL && difference.low() > 0;
    }

    /** Whether the first is worse, by the same rule. */
    public boolean worse() {
        return adjusted < LEVEL && difference.high() < 0;
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("job", pair.one());
        json.put("minus", pair.other());
        json.put("difference", difference.toJson());
        json.put("only_first_right", test.onlyFirst());
        json.put("only_second_right", test.onlySecond());
        json.put("items", test.items());
        json.put("tasks", tasks);
        json.put("p", test.p());
        json.put("p_holm", adjusted);
        return json;
    }
}
