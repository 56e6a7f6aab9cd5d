package org.dndllm.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Evaluations of generators that differ in their training seed alone, beside all controls. What is resampled is the mean
 * over seeds of each task: intervals are about tasks; how much seeds differ shows in their columns.
 *
 * @param labels of the seeds
 * @param rows one per control that was measured for any seed, in the order of {@link Control}
 * @param ownLabelShare the generated adapters' gain over the base model as a share of the own-label LoRAs' gain
 * @param targets what was set out to reach, where both sides were measured
 */
public record SeedTable(List<String> labels, List<Row> rows, Optional<Estimate> ownLabelShare, List<Target> targets) {
    /**
     * A control.
     *
     * @param bySeed mean over tasks for each seed; empty where it was not measured
     * @param mean over seeds and tasks
     * @param advantage of the generated adapters over it
     */
    public record Row(
            Control control, List<Optional<Double>> bySeed, Optional<Estimate> mean, Optional<Estimate> advantage) {
        public Row {
            bySeed = List.copyOf(bySeed);
        }
    }

    /**
     * Something to reach.
     *
     * @param what in words
     * @param value measured
     * @param bound that it is held against
     * @param most whether the bound is the most that it may be rather than the least
     */
    public record Target(String what, Estimate value, double bound, boolean most) {
        /** Whether the measured value, not its whole interval, is within the bound. */
        public boolean met() {
            return most ? value.value() <= bound : value.value() >= bound;
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("what", what);
            json.put("value", value.toJson());
            json.put(most ? "at_most" : "at_least", bound);
            json.put("met", met());
            return json;
        }
    }

    /** Least advantage of the generated adapters over each of these. */
    private static final Map<Control, Double> LEAST = new EnumMap<>(Map.of(
            Control.BASE, 0.25,
            Control.TRAINING_MEAN, 0.20,
            Control.NEAREST, 0.08,
            Control.MULTITASK, 0.03,
            Control.SHUFFLED, 0.20));

    private static final double MOST_JUNK_GAIN = 0.05;
    private static final double LEAST_SHARE = 0.8;

    public SeedTable {
        labels = List.copyOf(labels);
        rows = List.copyOf(rows);
        targets = List.copyOf(targets);
    }

    /** Puts at least one evaluation together; all are of the same tasks. */
    public static SeedTable of(List<ReportScores> seeds) {
        Map<Control, Map<String, Double>> means = new EnumMap<>(Control.class);
        for (Control control : Control.values()) {
            Map<String, Double> mean = mean(control, seeds);
            if (!mean.isEmpty()) {
                means.put(control, mean);
            }
        }
        int items = seeds.getFirst().items();
        List<Row> rows = means.entrySet().stream()
                .map(entry -> new Row(
                        entry.getKey(),
                        seeds.stream()
                                .map(seed -> seed.accuracy(entry.getKey()).map(Estimate::value))
                                .toList(),
                        ReportScores.estimate(List.copyOf(entry.getValue().values()), items),
                        entry.getKey() == Control.GENERATED
                                ? Optional.empty()
                                : difference(means, Control.GENERATED, entry.getKey())))
                .toList();
        Optional<Estimate> share = share(means);
        return new SeedTable(seeds.stream().map(ReportScores::label).toList(), rows, share, targets(means, share));
    }

    /** Of each task the mean over the seeds; tasks that were not measured for all seeds are left out. */
    private static Map<String, Double> mean(Control control, List<ReportScores> seeds) {
        List<ReportScores> measured =
                seeds.stream().filter(seed -> seed.measured(control)).toList();
        Map<String, Double> mean = new LinkedHashMap<>();
        if (measured.isEmpty()) {
            return mean;
        }
        for (String task : measured.getFirst().of(control).keySet()) {
            List<Double> values = new ArrayList<>();
            for (ReportScores seed : measured) {
                Double value = seed.of(control).get(task);
                if (value != null) {
                    values.add(value);
                }
            }
            if (values.size() == measured.size()) {
                mean.put(
                        task,
                        Arrays.stream(ReportScores.units(values)).average().orElseThrow());
            }
        }
        return mean;
    }

    private static Optional<Estimate> difference(Map<Control, Map<String, Double>> means, Control one, Control other) {
        return ReportScores.difference(means.getOrDefault(one, Map.of()), means.getOrDefault(other, Map.of()));
    }

    private static Optional<Estimate> share(Map<Control, Map<String, Double>> means) {
        List<Double> generated = new ArrayList<>();
        List<Double> own = new ArrayList<>();
        means.getOrDefault(Control.BASE, Map.of()).forEach((task, base) -> {
            Double reached = means.getOrDefault(Control.GENERATED, Map.of()).get(task);
            Double labelled = means.getOrDefault(Control.OWN_LABELS, Map.of()).get(task);
            if (reached != null && labelled != null) {
                generated.add(reached - base);
                own.add(labelled - base);
            }
        });
        double[] under = ReportScores.units(own);
        return Arrays.stream(under).sum() > 0
                ? Optional.of(Bootstrap.ratio(ReportScores.units(generated), under))
                : Optional.empty();
    }

    private static List<Target> targets(Map<Control, Map<String, Double>> means, Optional<Estimate> share) {
        List<Target> targets = new ArrayList<>();
        LEAST.forEach((control, least) -> difference(means, Control.GENERATED, control)
                .ifPresent(
                        value -> targets.add(new Target("generated minus " + control.title(), value, least, false))));
        difference(means, Control.JUNK, Control.BASE)
                .ifPresent(
                        value -> targets.add(new Target("junk prompts minus base model", value, MOST_JUNK_GAIN, true)));
        share.ifPresent(
                value -> targets.add(new Target("share of the own-label LoRAs' gain", value, LEAST_SHARE, false)));
        return targets;
    }

    /** Controls as rows, seeds and their mean as columns. */
    public ReportTable table() {
        List<List<String>> lines = new ArrayList<>();
        List<String> titles = new ArrayList<>(List.of("accuracy %"));
        titles.addAll(labels);
        titles.addAll(List.of("mean", "95 % interval", "generated minus it", "95 % interval"));
        lines.add(titles);
        for (Row row : rows) {
            List<String> line = new ArrayList<>(List.of(row.control().title()));
            row.bySeed()
                    .forEach(value -> line.add(
                            value.map(v -> ReportTable.percent(v, "%.1f")).orElse("-")));
            line.add(ReportTable.value(row.mean(), "%.1f"));
            line.add(ReportTable.interval(row.mean(), "%.1f"));
            line.add(ReportTable.value(row.advantage(), "%+.1f"));
            line.add(ReportTable.interval(row.advantage(), "%+.1f"));
            lines.add(line);
        }
        return new ReportTable(lines);
    }

    /** Targets as rows. */
    public ReportTable targetTable() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("target", "measured", "95 % interval", "bound", "met"));
        for (Target target : targets) {
            lines.add(List.of(
                    target.what(),
                    ReportTable.percent(target.value().value(), "%.1f"),
                    ReportTable.interval(Optional.of(target.value()), "%.1f"),
                    (target.most() ? "<= " : ">= ") + ReportTable.percent(target.bound(), "%.0f"),
                    target.met() ? "yes" : "no"));
        }
        return new ReportTable(lines);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> controls = new LinkedHashMap<>();
        for (Row row : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            Map<String, Object> seeds = new LinkedHashMap<>();
            for (int i = 0; i < labels.size(); i++) {
                String label = labels.get(i);
                row.bySeed().get(i).ifPresent(value -> seeds.put(label, value));
            }
            entry.put("seeds", seeds);
            row.mean().ifPresent(mean -> entry.put("mean", mean.toJson()));
            row.advantage().ifPresent(advantage -> entry.put("generated_minus_this", advantage.toJson()));
            controls.put(row.control().label(), entry);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("controls", controls);
        ownLabelShare.ifPresent(share -> json.put("share_of_own_label_gain", share.toJson()));
        json.put("targets", targets.stream().map(Target::toJson).toList());
        return json;
    }
}
