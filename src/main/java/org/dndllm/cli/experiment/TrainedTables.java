package org.dndllm.cli.experiment;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.eval.ConditionScores;
import org.dndllm.eval.ConditionTable;
import org.dndllm.eval.Control;
import org.dndllm.eval.JobTable;
import org.dndllm.eval.ReportScores;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.experiment.AnswersFile;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.report.Comparison.Pair;
import org.dndllm.eval.report.Study;

/** What there is of the experiments that train generators. */
public final class TrainedTables {
    private TrainedTables() {}

    /**
     * Every such experiment with the jobs that are done in a work folder. Whether they were trained with the recipe's own
     * steps is in their {@code trained.json}.
     *
     * @throws org.dndllm.InvalidInputException if a job's report or its {@code answers.csv} is malformed
     */
    public static List<Study.Trained> of(SetPlan plan, Path work) {
        return Experiment.all(plan).stream()
                .map(experiment -> of(experiment, plan, work))
                .toList();
    }

    private static Study.Trained of(Experiment experiment, SetPlan plan, Path work) {
        List<ReportScores> scores = new ArrayList<>();
        List<ConditionTable.Row> conditions = new ArrayList<>();
        Map<String, Map<Control, List<Cell>>> answers = new LinkedHashMap<>();
        Map<String, List<Cell>> cells = new LinkedHashMap<>();
        List<Pair> pairs = new ArrayList<>();
        Map<String, String> notRun = new LinkedHashMap<>();
        Job last = experiment.jobs().getLast();
        for (Job job : experiment.jobs()) {
            Path folder = work.resolve("jobs").resolve(job.name());
            if (Files.exists(folder.resolve("done.json"))) {
                Path report = folder.resolve("report");
                ReportScores read = ReportScores.read(job.title(), report);
                scores.add(read);
                if (job.conditions().isPresent() && Files.exists(folder.resolve("diagnosed.json"))) {
                    conditions.add(
                            new ConditionTable.Row(read, ConditionScores.read(folder.resolve("conditions.json"))));
                }
                Map<Control, List<Cell>> hits = AnswersFile.read(report);
                answers.put(job.name(), hits);
                cells.put(base(job), hits.getOrDefault(Control.BASE, List.of()));
                cells.put(job.name(), hits.getOrDefault(Control.GENERATED, List.of()));
                pairs.add(new Pair(job.name(), base(job)));
                if (!job.equals(last)) {
                    pairs.add(new Pair(job.name(), last.name()));
                }
            } else {
                notRun.put(job.name(), "no result in " + folder);
            }
        }
        String command = "dnd experiment " + experiment.name()
                + (experiment.jobs().stream().anyMatch(Job::checkpoints) ? " --checkpoints DIR" : "");
        TrainedFindings findings = TrainedFindings.of(experiment, plan, answers);
        List<ReportTable> tables = new ArrayList<>();
        if (!scores.isEmpty()) {
            tables.add(JobTable.of(scores).table());
        }
        if (!conditions.isEmpty()) {
            tables.add(new ConditionTable(conditions).table());
        }
        findings.outcome().ifPresent(tables::add);
        return new Study.Trained(
                experiment.name(), experiment.question(), tables, cells, pairs, findings.verdicts(), notRun, command);
    }

    /** Every job has measured the base model itself, on its own tasks. */
    private static String base(Job job) {
        return job.name() + " base model";
    }
}
