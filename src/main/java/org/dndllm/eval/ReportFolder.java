package org.dndllm.eval;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;

/**
 * Writes a report's files: {@code report.md}, {@code report.json}, {@code summary.csv}, {@code tasks.csv}, {@code
 * answers.csv} with every single answer, and {@code chart.png}. Files of an earlier report are replaced one by one,
 * others in the folder are left alone.
 */
public final class ReportFolder {
    private ReportFolder() {}

    /**
     * Writes all files, the chart last.
     *
     * @throws org.dndllm.EnvironmentException if the disk refuses, or the chart cannot be drawn on this machine
     */
    public static void write(Path folder, EvalReport report) {
        AtomicFile.writeString(folder.resolve("report.json"), JsonWriter.write(report.toJson()));
        AtomicFile.writeString(folder.resolve("report.md"), markdown(report));
        if (report.summary().isPresent()) {
            Summary summary = report.summary().get();
            AtomicFile.writeString(folder.resolve("summary.csv"), summaryCsv(summary));
            AtomicFile.writeString(folder.resolve("tasks.csv"), tasksCsv(report.results()));
            AtomicFile.writeString(folder.resolve("answers.csv"), answersCsv(report.results()));
            BarChart.write(folder.resolve("chart.png"), title(summary), BarChart.bars(summary));
        }
    }

    private static String title(Summary summary) {
        return String.format(
                Locale.ROOT,
                "Accuracy, greedy: %d task%s, %,d test items, 95 %% intervals",
                summary.tasks(),
                summary.tasks() == 1 ? "" : "s",
                summary.items());
    }

    private static String markdown(EvalReport report) {
        StringBuilder text = new StringBuilder("# Evaluation\n\n");
        report.facts()
                .forEach((name, value) -> text.append("- ")
                        .append(name)
                        .append(": ")
                        .append(value)
                        .append('\n'));
        report.summary().ifPresent(summary -> {
            text.append("\n").append(title(summary)).append(".\n\n");
            text.append(ReportTable.of(summary).markdown());
            notes(summary).forEach(note -> text.append('\n').append(note).append('\n'));
            text.append("\n![accuracies](chart.png)\n\n## By task\n\nAccuracies in percent.\n\n");
            text.append(ReportTable.of(report.results()).markdown());
        });
        report.ood().ifPresent(ood -> text.append("\n").append(note(ood)).append('\n'));
        if (!report.warnings().isEmpty()) {
            text.append("\n## Warnings\n\n");
            report.warnings()
                    .forEach(warning -> text.append("- ").append(warning).append('\n'));
        }
        return text.toString();
    }

    /** What a table cannot hold: share of the own-label gain, and time. */
    public static List<String> notes(Summary summary) {
        List<String> notes = new java.util.ArrayList<>();
        summary.ownLabelShare()
                .ifPresent(share -> notes.add(String.format(
                        Locale.ROOT,
                        "The generated adapter reaches %.0f %% [%.0f, %.0f] of the gain of the LoRA trained on the"
                                + " task's labels.",
                        100 * share.value(),
                        100 * share.low(),
                        100 * share.high())));
        if (summary.generationSeconds().isPresent()) {
            double generation = summary.generationSeconds().getAsDouble();
            String time = String.format(Locale.ROOT, "Prompts to attached adapter: median %.1f ms", 1e3 * generation);
            notes.add(
                    summary.trainSeconds().isPresent()
                            ? time
                                    + String.format(
                                            Locale.ROOT,
                                            "; training on the task's labels: median %.1f s, %.0f times as long.",
                                            summary.trainSeconds().getAsDouble(),
                                            summary.trainSeconds().getAsDouble() / generation)
                            : time + "; training time of a LoRA on the task's labels: not measured.");
        }
        return notes;
    }

    /** The out-of-distribution result in a sentence. */
    public static String note(OodResult ood) {
        return String.format(
                Locale.ROOT,
                "Out-of-distribution score: AUROC %.3f [%.3f, %.3f] between %d held-out and %d outside tasks; above the"
                        + " threshold of %.2f are %.1f %% of the held-out and %.1f %% of the outside draws.",
                ood.auroc().value(),
                ood.auroc().low(),
                ood.auroc().high(),
                ood.heldOut().size(),
                ood.outside().size(),
                ood.threshold(),
                100 * ood.flagged(ood.heldOut()),
                100 * ood.flagged(ood.outside()));
    }

    private static String summaryCsv(Summary summary) {
        return csv(
                List.of(
                        "control",
                        "accuracy",
                        "low",
                        "high",
                        "generated_minus_this",
                        "difference_low",
                        "difference_high",
                        "remark"),
                printer -> {
                    for (Summary.Row row : summary.rows()) {
                        printer.print(row.control().label());
                        estimate(printer, row.accuracy().orElse(null));
                        estimate(printer, row.advantage().orElse(null));
                        printer.print(row.remark());
                        printer.println();
                    }
                });
    }

    static void estimate(CSVPrinter printer, @org.jspecify.annotations.Nullable Estimate estimate) throws IOException {
        printer.print(estimate == null ? "" : estimate.value());
        printer.print(estimate == null ? "" : estimate.low());
        printer.print(estimate == null ? "" : estimate.high());
    }

    private static String tasksCsv(List<TaskResult> results) {
        return csv(List.of("task", "role", "control", "run", "items", "right", "accuracy"), printer -> {
            for (TaskResult result : results) {
                String role = result.role().map(TaskRole::label).orElse("");
                for (Measurement measurement : result.measurements()) {
                    for (Run run : measurement.runs()) {
                        printer.printRecord(
                                result.task(),
                                role,
                                measurement.control().label(),
                                run.label(),
                                run.hits().size(),
                                run.right(),
                                run.accuracy());
                    }
                }
            }
        });
    }

    private static String answersCsv(List<TaskResult> results) {
        return csv(List.of("task", "control", "run", "item", "prompt", "expected", "answer", "right"), printer -> {
            for (TaskResult result : results) {
                for (Measurement measurement : result.measurements()) {
                    for (Run run : measurement.runs()) {
                        answers(printer, result, measurement, run);
                    }
                }
            }
        });
    }

    private static void answers(CSVPrinter printer, TaskResult result, Measurement measurement, Run run)
            throws IOException {
        for (int i = 0; i < run.answers().size(); i++) {
            TaskItem item = result.items().get(i);
            printer.printRecord(
                    result.task(),
                    measurement.control().label(),
                    run.label(),
                    i + 1,
                    item.prompt(),
                    item.response(),
                    run.answers().get(i),
                    run.hits().get(i));
        }
    }

    /** What stands under the header of a CSV file. */
    public interface Rows {
        /** Prints all of it. */
        void print(CSVPrinter printer) throws IOException;
    }

    /** A CSV file as text. */
    public static String csv(List<String> header, Rows rows) {
        StringWriter text = new StringWriter();
        try (CSVPrinter printer = new CSVPrinter(text, CSVFormat.RFC4180)) {
            printer.printRecord(header);
            rows.print(printer);
        } catch (IOException e) {
            throw new UncheckedIOException("a StringWriter never fails", e);
        }
        return text.toString();
    }
}
