package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Measure;
import org.dndllm.eval.experiment.Trial;

/**
 * Accuracies of a trial with their intervals: points over an axis where the trial has one, otherwise bars.
 *
 * @param title what it shows
 * @param axis what positions are; empty for bars
 * @param logarithmic whether points stand where the logarithm of their position is; otherwise at equal distances in the order
 *     of their positions
 * @param series points by series, in order
 * @param levels what has no position: bars, or level lines where there is an axis
 */
record Plot(String title, String axis, boolean logarithmic, Map<String, List<Point>> series, List<Level> levels) {
    /**
     * A point.
     *
     * @param at position on the axis; above zero where that is logarithmic
     */
    record Point(double at, Estimate accuracy) {}

    /** A row of bars, or a level. */
    record Level(String label, Estimate accuracy) {}

    /** The picture of a trial; empty when nothing of it was measured. */
    static Optional<Plot> of(Trial trial, Findings findings) {
        Map<String, List<Point>> series = new LinkedHashMap<>();
        List<Level> levels = new ArrayList<>();
        for (Trial.Entry entry : trial.entries()) {
            Optional<Estimate> accuracy = findings.measured(entry.job().name()).flatMap(JobResult::accuracy);
            if (accuracy.isPresent()) {
                if (entry.at().isPresent()) {
                    series.computeIfAbsent(entry.series(), name -> new ArrayList<>())
                            .add(new Point(entry.at().getAsDouble(), accuracy.get()));
                } else {
                    levels.add(new Level(entry.title(), accuracy.get()));
                }
            }
        }
        return series.isEmpty() && levels.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Plot("Accuracy in per cent, with 95 % intervals", trial.axis(), false, series, levels));
    }

    /**
     * The same over time, of a trial that shows {@link Measure#BEFORE}. Examples in the context need nothing before the first
     * answer, and time with every answer: they stand at the time of all answers to a task.
     */
    static Optional<Plot> overTime(Trial trial, Findings findings) {
        if (!trial.measures().contains(Measure.BEFORE)) {
            return Optional.empty();
        }
        Map<String, List<Point>> series = new LinkedHashMap<>();
        List<Level> levels = new ArrayList<>();
        for (Trial.Entry entry : trial.entries()) {
            Optional<JobResult> result = findings.measured(entry.job().name());
            if (result.isPresent()) {
                Estimate accuracy = result.get().accuracy().orElseThrow();
                OptionalDouble before = result.get().seconds();
                if (before.isPresent() || entry.at().isPresent()) {
                    series.computeIfAbsent(
                                    entry.series().isEmpty() ? entry.title() : entry.series(),
                                    name -> new ArrayList<>())
                            .add(new Point(before.orElseGet(() -> result.get().passSeconds()), accuracy));
                } else {
                    levels.add(new Level(entry.title(), accuracy));
                }
            }
        }
        return series.isEmpty()
                ? Optional.empty()
                : Optional.of(new Plot(
                        "Accuracy in per cent over the time before the first answer; in context: over that of all answers",
                        "seconds, logarithmic",
                        true,
                        series,
                        levels));
    }

    /** In words, for those who do not see it. */
    String description() {
        StringBuilder text = new StringBuilder(title).append(": ");
        List<String> parts = new ArrayList<>();
        series.forEach((name, points) -> points.forEach(point -> parts.add((name.isEmpty() ? "" : name + " ")
                + position(point.at()) + ": " + Percent.of(point.accuracy().value()))));
        levels.forEach(level ->
                parts.add(level.label() + ": " + Percent.of(level.accuracy().value())));
        return text.append(String.join(", ", parts)).toString();
    }

    private String position(double at) {
        return logarithmic ? String.format(Locale.ROOT, "%.3f s", at) : number(at);
    }

    /** Whole numbers without a fraction. */
    static String number(double value) {
        return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
    }
}
