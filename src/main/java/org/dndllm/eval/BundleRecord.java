package org.dndllm.eval;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.MeasuredResults;
import org.dndllm.format.Sha256;

/** An evaluation in the form in which a bundle keeps it. */
public final class BundleRecord {
    private BundleRecord() {}

    /**
     * What was measured, of what and how.
     *
     * @param dnd base model and bundle that were measured
     * @param command for the record
     * @throws IllegalArgumentException if no task was evaluated
     */
    public static MeasuredResults of(
            EvalReport report, TaskFolder folder, EvalOptions options, DragAndDrop dnd, String command, Instant date) {
        Summary summary = report.summary().orElseThrow(() -> new IllegalArgumentException("no task was evaluated"));
        return new MeasuredResults(
                command,
                date.truncatedTo(ChronoUnit.SECONDS),
                dnd.baseSha256(),
                dnd.bundle().sha256(),
                options.seeds(),
                options.maxTokens(),
                report.results().stream().map(result -> task(result, folder)).toList(),
                rows(summary),
                summary.ownLabelShare().map(BundleRecord::interval));
    }

    private static MeasuredResults.Task task(TaskResult result, TaskFolder folder) {
        return new MeasuredResults.Task(
                result.task(),
                result.items().size(),
                Sha256.of(folder.trainFile(result.task())),
                Sha256.of(folder.testFile(result.task())),
                result.measured(Control.GENERATED).orElseThrow().accuracy().orElseThrow());
    }

    private static List<MeasuredResults.Row> rows(Summary summary) {
        return summary.rows().stream()
                .map(row -> new MeasuredResults.Row(
                        row.control().label(),
                        row.accuracy().map(BundleRecord::interval),
                        row.advantage().map(BundleRecord::interval),
                        row.remark()))
                .toList();
    }

    private static MeasuredResults.Interval interval(Estimate estimate) {
        return new MeasuredResults.Interval(estimate.value(), estimate.low(), estimate.high());
    }

    /** The table of a bundle's results, as {@link ReportTable#of(Summary)} prints it. */
    public static ReportTable table(MeasuredResults results) {
        return ReportTable.ofLines(results.rows().stream()
                .map(row -> new ReportTable.Line(
                        Control.labelled(row.control()).map(Control::title).orElse(row.control()),
                        row.accuracy().map(BundleRecord::estimate),
                        row.generatedMinusThis().map(BundleRecord::estimate),
                        row.remark()))
                .toList());
    }

    private static Estimate estimate(MeasuredResults.Interval interval) {
        return new Estimate(interval.value(), interval.low(), interval.high());
    }
}
