package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.csv.CSVPrinter;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;

/**
 * The answer to an experiment's question.
 *
 * @param name of the experiment
 * @param question in one sentence
 * @param facts settings, for the record
 * @param jobs all generators side by side; its table is shown where there are no groups
 * @param training what it took to make them
 * @param groups generators that differ in their seed alone beside all controls, by title
 * @param more further tables: what jobs show together, verdicts on claims
 * @param notRun reasons by job
 */
public record ExperimentReport(
        String name,
        String question,
        Map<String, Object> facts,
        JobTable jobs,
        TrainingTable training,
        Map<String, SeedTable> groups,
        List<ReportTable> more,
        Map<String, String> notRun) {
    public ExperimentReport {
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        groups = Collections.unmodifiableMap(new LinkedHashMap<>(groups));
        more = List.copyOf(more);
        notRun = Collections.unmodifiableMap(new LinkedHashMap<>(notRun));
    }

    /**
     * Writes {@code result.json}, {@code result.md}, {@code result.csv} and {@code chart.png}, the chart last; those of an
     * earlier report are replaced.
     *
     * @throws org.dndllm.EnvironmentException if the disk refuses, or the chart cannot be drawn on this machine
     */
    public void write(Path folder) {
        AtomicFile.writeString(folder.resolve("result.json"), JsonWriter.write(toJson()));
        AtomicFile.writeString(folder.resolve("result.md"), markdown());
        AtomicFile.writeString(folder.resolve("result.csv"), csv());
        BarChart.write(folder.resolve("chart.png"), name + ": accuracy on unseen tasks, 95 % intervals", bars());
    }

    /** Tables for a terminal. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>(List.of(question, ""));
        if (groups.isEmpty()) {
            lines.addAll(jobs.table().lines());
        }
        groups.forEach((title, group) -> {
            lines.add(title);
            lines.add("");
            lines.addAll(group.table().lines());
            if (!group.targets().isEmpty()) {
                lines.add("");
                lines.addAll(group.targetTable().lines());
            }
            lines.add("");
        });
        for (ReportTable table : tables()) {
            lines.add("");
            lines.addAll(table.lines());
        }
        notRun.forEach((job, reason) -> lines.add("not run    " + job + ": " + reason));
        return lines;
    }

    private List<ReportTable> tables() {
        List<ReportTable> tables = new ArrayList<>(more);
        tables.add(training.table());
        return tables;
    }

    private String markdown() {
        StringBuilder text = new StringBuilder("# " + name + "\n\n" + question + "\n\n");
        facts.forEach((fact, value) -> text.append("- " + fact + ": " + value + "\n"));
        text.append("\nIntervals are 95 % and resample tasks; differences are taken task by task.\n");
        if (groups.isEmpty()) {
            text.append("\n").append(jobs.table().markdown());
        }
        groups.forEach((title, group) -> {
            text.append("\n## " + title + "\n\n").append(group.table().markdown());
            if (!group.targets().isEmpty()) {
                text.append("\n").append(group.targetTable().markdown());
            }
        });
        tables().forEach(table -> text.append("\n").append(table.markdown()));
        text.append("\n![accuracies](chart.png)\n");
        notRun.forEach((job, reason) -> text.append("\nNot run: " + job + ", because " + reason + ".\n"));
        return text.toString();
    }

    /** Every generator, and beside those of the first group its other controls. */
    private List<BarChart.Bar> bars() {
        List<BarChart.Bar> bars = new ArrayList<>(jobs.bars());
        groups.values().stream()
                .limit(1)
                .flatMap(group -> group.rows().stream())
                .forEach(row -> {
                    if (row.control() != Control.BASE && row.control() != Control.GENERATED) {
                        bars.add(new BarChart.Bar(row.control().title(), row.mean(), false));
                    }
                });
        return bars;
    }

    private String csv() {
        return ReportFolder.csv(List.of("table", "row", "measure", "value", "low", "high"), printer -> {
            for (JobTable.Row row : jobs.rows()) {
                line(printer, "jobs", row.label(), "base", row.base());
                line(printer, "jobs", row.label(), "generated", row.generated());
                line(printer, "jobs", row.label(), "generated_minus_base", row.gain());
                line(printer, "jobs", row.label(), "generated_minus_last", row.lead());
            }
            for (TrainingTable.Row row : training.rows()) {
                for (Map.Entry<String, Object> number : row.cost().toJson().entrySet()) {
                    printer.printRecord("training", row.label(), number.getKey(), number.getValue(), "", "");
                }
            }
            for (Map.Entry<String, SeedTable> group : groups.entrySet()) {
                for (SeedTable.Row row : group.getValue().rows()) {
                    String control = row.control().label();
                    for (int i = 0; i < row.bySeed().size(); i++) {
                        if (row.bySeed().get(i).isPresent()) {
                            printer.printRecord(
                                    group.getKey(),
                                    control,
                                    group.getValue().labels().get(i),
                                    row.bySeed().get(i).get(),
                                    "",
                                    "");
                        }
                    }
                    line(printer, group.getKey(), control, "mean", row.mean());
                    line(printer, group.getKey(), control, "generated_minus_this", row.advantage());
                }
            }
        });
    }

    private static void line(CSVPrinter printer, String table, String row, String measure, Optional<Estimate> value)
            throws IOException {
        if (value.isPresent()) {
            printer.print(table);
            printer.print(row);
            printer.print(measure);
            ReportFolder.estimate(printer, value.get());
            printer.println();
        }
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("experiment", name);
        json.put("question", question);
        json.putAll(facts);
        json.put("jobs", jobs.toJson());
        json.put("training", training.toJson());
        Map<String, Object> tables = new LinkedHashMap<>();
        groups.forEach((title, group) -> tables.put(title, group.toJson()));
        json.put("groups", tables);
        json.put("tables", more.stream().map(ReportTable::rows).toList());
        json.put("not_run", notRun);
        return json;
    }
}
