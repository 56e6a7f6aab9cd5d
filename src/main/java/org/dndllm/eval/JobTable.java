package org.dndllm.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Evaluations of different generators on the same tasks, one beside the other. Differences are taken task by task.
 *
 * @param rows in the given order; the last evaluation is what the others are compared with
 */
public record JobTable(List<Row> rows) {
    /**
     * A generator.
     *
     * @param base accuracy of the base model
     * @param generated accuracy of its adapters
     * @param gain of the adapters over the base model
     * @param lead of the adapters over those of the last evaluation; empty for that one
     */
    public record Row(
            String label,
            Optional<Estimate> base,
            Optional<Estimate> generated,
            Optional<Estimate> gain,
            Optional<Estimate> lead) {}

    public JobTable {
        rows = List.copyOf(rows);
    }

    /** Puts at least one evaluation side by side. */
    public static JobTable of(List<ReportScores> jobs) {
        ReportScores last = jobs.getLast();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < jobs.size(); i++) {
            ReportScores job = jobs.get(i);
            rows.add(new Row(
                    job.label(),
                    job.accuracy(Control.BASE),
                    job.accuracy(Control.GENERATED),
                    job.difference(Control.GENERATED, Control.BASE),
                    i == jobs.size() - 1
                            ? Optional.empty()
                            : ReportScores.difference(job.of(Control.GENERATED), last.of(Control.GENERATED))));
        }
        return new JobTable(rows);
    }

    /** Generators as rows. */
    public ReportTable table() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of(
                "accuracy %",
                "base",
                "generated",
                "95 % interval",
                "generated minus base",
                "95 % interval",
                "minus " + rows.getLast().label(),
                "95 % interval"));
        for (Row row : rows) {
            lines.add(List.of(
                    row.label(),
                    ReportTable.value(row.base(), "%.1f"),
                    ReportTable.value(row.generated(), "%.1f"),
                    ReportTable.interval(row.generated(), "%.1f"),
                    ReportTable.value(row.gain(), "%+.1f"),
                    ReportTable.interval(row.gain(), "%+.1f"),
                    ReportTable.value(row.lead(), "%+.1f"),
                    ReportTable.interval(row.lead(), "%+.1f")));
        }
        return new ReportTable(lines);
    }

    /** The base model and every generator as bars. */
    public List<BarChart.Bar> bars() {
        List<BarChart.Bar> bars = new ArrayList<>();
        bars.add(new BarChart.Bar(Control.BASE.title(), rows.getLast().base(), false));
        rows.forEach(row -> bars.add(new BarChart.Bar(row.label(), row.generated(), true)));
        return bars;
    }

    /** As JSON values. */
    public List<Map<String, Object>> toJson() {
        List<Map<String, Object>> json = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("label", row.label());
            row.base().ifPresent(base -> entry.put("base", base.toJson()));
            row.generated().ifPresent(generated -> entry.put("generated", generated.toJson()));
            row.gain().ifPresent(gain -> entry.put("generated_minus_base", gain.toJson()));
            row.lead().ifPresent(lead -> entry.put("generated_minus_last", lead.toJson()));
            json.add(entry);
        }
        return json;
    }
}
