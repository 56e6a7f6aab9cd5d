package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Trial;

/** A trial as rows of text: accuracy, difference from the reference, and what else its jobs measured. */
final class TrialTable {
    private static final String NOTHING = "-";

    private final Trial trial;
    private final Findings findings;

    TrialTable(Trial trial, Findings findings) {
        this.trial = trial;
        this.findings = findings;
    }

    List<List<String>> rows() {
        List<List<String>> rows = new ArrayList<>();
        List<String> titles = new ArrayList<>(
                List.of("", "accuracy %", "95 % interval", "minus " + trial.reference(), "95 % interval", "p (Holm)"));
        trial.measures().forEach(measure -> titles.add(measure.title()));
        titles.add("remark");
        rows.add(titles);
        trial.entries().forEach(entry -> rows.add(row(entry)));
        return rows;
    }

    private List<String> row(Trial.Entry entry) {
        String job = entry.job().name();
        Optional<JobResult> result = findings.measured(job);
        Optional<Estimate> accuracy = result.flatMap(JobResult::accuracy);
        Optional<Comparison> comparison = findings.comparison(job, trial.reference());
        List<String> row = new ArrayList<>();
        row.add(entry.title());
        row.add(accuracy.map(estimate -> Percent.of(estimate.value())).orElse(NOTHING));
        row.add(accuracy.map(Percent::bounds).orElse(NOTHING));
        row.add(comparison
                .map(each -> String.format(
                        Locale.ROOT, "%+.1f", 100 * each.difference().value()))
                .orElse(NOTHING));
        row.add(comparison
                .map(each -> String.format(
                        Locale.ROOT,
                        "[%+.1f, %+.1f]",
                        100 * each.difference().low(),
                        100 * each.difference().high()))
                .orElse(NOTHING));
        row.add(comparison.map(each -> Percent.p(each.adjusted())).orElse(NOTHING));
        trial.measures().forEach(measure -> row.add(result.flatMap(measure::of).orElse(NOTHING)));
        row.add(result.map(JobResult::remark).orElseGet(() -> findings.reason(job)));
        return row;
    }

    /** Accuracies by task of the jobs of a trial. */
    List<List<String>> byTask() {
        List<Trial.Job> jobs = trial.jobs().stream()
                .filter(job -> findings.measured(job.name()).isPresent())
                .toList();
        List<String> titles = new ArrayList<>(List.of("task"));
        jobs.forEach(job -> titles.add(job.name()));
        List<List<String>> rows = new ArrayList<>(List.of(titles));
        List<String> tasks = jobs.stream()
                .flatMap(job -> findings.measured(job.name()).orElseThrow().cells().stream())
                .map(Cell::task)
                .distinct()
                .toList();
        for (String task : tasks) {
            List<String> row = new ArrayList<>(List.of(task));
            for (Trial.Job job : jobs) {
                Map<String, Double> byTask =
                        findings.measured(job.name()).orElseThrow().byTask();
                row.add(Optional.ofNullable(byTask.get(task)).map(Percent::of).orElse(NOTHING));
            }
            rows.add(row);
        }
        return rows;
    }
}
