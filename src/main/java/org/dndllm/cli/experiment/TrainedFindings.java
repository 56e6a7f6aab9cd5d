package org.dndllm.cli.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.eval.Control;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.Cost;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.report.Findings;
import org.dndllm.eval.report.Verdict;

/**
 * What the jobs of an experiment show together, and what that says of its claims. Paired tests are corrected over the
 * experiment's own comparisons.
 *
 * @param outcome accuracies; empty where the experiment has no such table, or no job is done
 * @param verdicts in the order of the claims
 */
public record TrainedFindings(Optional<ReportTable> outcome, List<Verdict> verdicts) {
    /** Training and evaluation have theirs in the jobs' own records. */
    private static final Cost NO_COST = new Cost(0, 0, OptionalLong.empty(), OptionalDouble.empty());

    public TrainedFindings {
        verdicts = List.copyOf(verdicts);
    }

    /**
     * Judges what is done.
     *
     * @param plan that the experiment is of
     * @param done all hits of the jobs that are done, by job
     */
    public static TrainedFindings of(Experiment experiment, SetPlan plan, Map<String, Map<Control, List<Cell>>> done) {
        TrainedClaims declared = TrainedClaims.of(experiment, plan);
        Map<String, JobResult> results = new LinkedHashMap<>();
        for (Outcome outcome : declared.outcomes()) {
            if (done.keySet().containsAll(outcome.jobs().keySet())) {
                results.put(outcome.name(), result(outcome, done));
            }
        }
        return new TrainedFindings(
                table(declared.outcomes(), results),
                Findings.of(List.of(), declared.claims(), results, List.of()).verdicts());
    }

    /** All tables: accuracies taken together, and the verdicts. */
    public List<ReportTable> tables() {
        List<ReportTable> tables = new ArrayList<>();
        outcome.ifPresent(tables::add);
        if (!verdicts.isEmpty()) {
            List<List<String>> rows = new ArrayList<>(List.of(List.of("claim", "verdict", "evidence")));
            verdicts.forEach(verdict ->
                    rows.add(List.of(verdict.claim().text(), verdict.outcome().label(), verdict.evidence())));
            tables.add(new ReportTable(rows));
        }
        return tables;
    }

    private static JobResult result(Outcome outcome, Map<String, Map<Control, List<Cell>>> done) {
        List<Cell> cells = new ArrayList<>();
        for (String job : outcome.jobs().keySet()) {
            Objects.requireNonNull(done.get(job)).getOrDefault(outcome.control(), List.of()).stream()
                    .filter(cell -> outcome.counts(job, cell.task()))
                    .forEach(cells::add);
        }
        return new JobResult(
                outcome.name(), cells, outcome.control().title() + " has no number", Map.of(), NO_COST, "");
    }

    private static Optional<ReportTable> table(List<Outcome> outcomes, Map<String, JobResult> results) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("taken together", "tasks", "accuracy %", "95 % interval", "named"));
        for (Outcome outcome : outcomes) {
            Optional<JobResult> result =
                    Optional.ofNullable(results.get(outcome.name())).filter(JobResult::measured);
            result.ifPresent(measured -> rows.add(row(outcome, measured)));
        }
        return rows.size() == 1 ? Optional.empty() : Optional.of(new ReportTable(rows));
    }

    private static List<String> row(Outcome outcome, JobResult measured) {
        Estimate accuracy = measured.accuracy().orElseThrow();
        return List.of(
                outcome.title(),
                String.valueOf(measured.byTask().size()),
                percent("%.1f", accuracy.value()),
                "[" + percent("%.1f", accuracy.low()) + ", " + percent("%.1f", accuracy.high()) + "]",
                outcome.name());
    }

    private static String percent(String format, double share) {
        return String.format(Locale.ROOT, format, 100 * share);
    }
}
