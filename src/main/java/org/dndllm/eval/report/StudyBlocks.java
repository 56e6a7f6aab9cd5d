package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.eval.diagnosis.AdapterHealth;
import org.dndllm.eval.experiment.Cost;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Trial;

/** A study as blocks, in reading order: verdicts first, then what they stand on. */
final class StudyBlocks {
    private static final String RULES =
            "A claim that one condition beats another is supported when the paired test is significant after correction (p"
                    + " below 0.05) and the whole 95 % interval of the difference lies above zero. A claim with a margin is"
                    + " supported when the whole interval keeps within it. Not supported is no proof of the opposite.";
    private static final String METHODS =
            "Decoding is greedy; an answer is right when it equals the response after trimming. Conditions come from"
                    + " training splits, test splits are only scored. Intervals are 95 % and resample tasks (10,000"
                    + " bootstrap replicates, seeded; items, where there is one task); where all tasks are alike, Wilson's interval over items stands"
                    + " instead. p values: exact McNemar test, two-sided, on the items of the first run of every task, so"
                    + " that no item counts twice; Holm's correction over all comparisons of this report (verdicts on an"
                    + " experiment that trains generators: over the comparisons of its claims). Items of one"
                    + " task are alike, which the test does not know: that is why the interval must agree. Differences over two to four tasks"
                    + " have Student's interval, since resampling so few sees too little of their spread. Where all tasks"
                    + " differ by the same amount, what Wilson's interval leaves for none of all items stands on both sides.";

    private final Study study;
    private final Findings findings;
    private final List<Block> blocks = new ArrayList<>();

    StudyBlocks(Study study) {
        this.study = study;
        findings = study.findings();
    }

    List<Block> all() {
        blocks.add(new Block.Heading(1, study.title()));
        blocks.add(new Block.Heading(2, "Verdicts"));
        blocks.add(new Block.Text(RULES));
        blocks.add(new Block.Verdicts(study.verdicts()));
        findings.trials().forEach(this::trial);
        health();
        study.trained().forEach(this::trained);
        comparisons();
        cost();
        provenance();
        return List.copyOf(blocks);
    }

    private void trial(Trial trial) {
        blocks.add(new Block.Heading(2, trial.name()));
        blocks.add(new Block.Text(trial.question()));
        if (!trial.paper().isEmpty()) {
            blocks.add(new Block.Text("In the paper (arXiv 2506.16406): " + trial.paper() + "."));
        }
        Plot.of(trial, findings).ifPresent(plot -> blocks.add(new Block.Picture(plot)));
        Plot.overTime(trial, findings).ifPresent(plot -> blocks.add(new Block.Picture(plot)));
        TrialTable table = new TrialTable(trial, findings);
        blocks.add(new Block.Table(trial.name() + ": accuracies", table.rows(), 1));
        List<List<String>> byTask = table.byTask();
        if (byTask.size() > 1) {
            blocks.add(new Block.Details(
                    trial.name() + ": task by task",
                    List.of(new Block.Table(trial.name() + ": accuracy in per cent by task", byTask))));
        }
    }

    private void health() {
        blocks.add(new Block.Heading(2, "Health of the adapters"));
        if (study.health().isEmpty()) {
            blocks.add(new Block.Text("No adapter was named."));
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("adapter", "state", "findings", "not checked"));
        for (AdapterHealth adapter : study.health()) {
            rows.add(List.of(
                    adapter.name(),
                    adapter.broken() ? "BROKEN" : "nothing found",
                    String.join(
                            "; ",
                            adapter.findings().stream()
                                    .map(finding -> finding.fault() + ": " + finding.sentence())
                                    .toList()),
                    String.join("; ", adapter.notChecked())));
        }
        blocks.add(new Block.Table("Adapters that were named", rows, 3));
    }

    private void trained(Study.Trained experiment) {
        blocks.add(new Block.Heading(2, experiment.name() + " (trains generators)"));
        blocks.add(new Block.Text(experiment.question()));
        experiment
                .tables()
                .forEach(table ->
                        blocks.add(new Block.Table(experiment.name() + ": accuracies in per cent", table.rows())));
        List<Comparison> paired = experiment.pairs().stream()
                .flatMap(pair -> Optional.ofNullable(findings.comparisons().get(pair)).stream())
                .toList();
        if (!paired.isEmpty()) {
            blocks.add(new Block.Table(
                    experiment.name() + ": differences in points, paired tests", comparisonRows(paired)));
        }
        if (!experiment.notRun().isEmpty()) {
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("job", "not run"));
            experiment.notRun().forEach((job, reason) -> rows.add(List.of(job, reason)));
            blocks.add(new Block.Table(experiment.name() + ": jobs without a result", rows, 1));
            blocks.add(new Block.Text("To run them: " + experiment.command()));
        }
    }

    private void comparisons() {
        blocks.add(new Block.Heading(2, "All comparisons"));
        blocks.add(new Block.Text(METHODS));
        blocks.add(new Block.Details(
                findings.comparisons().size() + " comparisons, corrected together",
                List.of(new Block.Table(
                        "Differences in points, paired tests",
                        comparisonRows(findings.comparisons().values())))));
    }

    private static List<List<String>> comparisonRows(Collection<Comparison> comparisons) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "comparison",
                "points",
                "95 % interval",
                "only first right",
                "only second right",
                "items",
                "p",
                "p (Holm)"));
        for (Comparison each : comparisons) {
            String[] parts = Percent.signed(each.difference()).split(" ", 2);
            rows.add(List.of(
                    each.pair().one() + " minus " + each.pair().other(),
                    parts[0],
                    parts[1],
                    String.valueOf(each.test().onlyFirst()),
                    String.valueOf(each.test().onlySecond()),
                    String.valueOf(each.test().items()),
                    Percent.p(each.test().p()),
                    Percent.p(each.adjusted())));
        }
        return rows;
    }

    private void cost() {
        blocks.add(new Block.Heading(2, "Cost"));
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("job", "wall s", "CPU s", "peak resident MB", "energy J"));
        double wall = 0;
        double cpu = 0;
        for (JobResult result : findings.results().values()) {
            Cost cost = result.cost();
            wall += cost.wallSeconds();
            cpu += cost.cpuSeconds();
            rows.add(List.of(
                    result.job(),
                    seconds(cost.wallSeconds()),
                    seconds(cost.cpuSeconds()),
                    cost.peakBytes().isPresent()
                            ? String.format(
                                    Locale.ROOT, "%.0f", cost.peakBytes().getAsLong() / 1e6)
                            : "not readable",
                    cost.joules().isPresent()
                            ? String.format(Locale.ROOT, "%.0f", cost.joules().getAsDouble())
                            : "not readable"));
        }
        blocks.add(new Block.Text(String.format(
                Locale.ROOT, "All jobs together: %.1f minutes of wall time, %.1f of CPU time.", wall / 60, cpu / 60)));
        blocks.add(new Block.Details("Job by job", List.of(new Block.Table("What each job took", rows))));
    }

    private static String seconds(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private void provenance() {
        blocks.add(new Block.Heading(2, "Provenance"));
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("what", "value"));
        flatten(study.provenance(), rows);
        blocks.add(new Block.Table("What this report was made from", rows, 1));
        List<List<String>> jobs = new ArrayList<>();
        jobs.add(List.of("job", "hash of its inputs"));
        findings.results().forEach((name, result) -> jobs.add(List.of(name, result.inputs())));
        blocks.add(new Block.Details("Jobs", List.of(new Block.Table("Identity of every job", jobs, 1))));
    }

    private static void flatten(Map<String, Object> values, List<List<String>> rows) {
        values.forEach((name, value) -> {
            if (value instanceof Map<?, ?> nested) {
                nested.forEach((key, inner) -> rows.add(List.of(name + "." + key, String.valueOf(inner))));
            } else {
                rows.add(List.of(name, value.toString()));
            }
        });
    }
}
