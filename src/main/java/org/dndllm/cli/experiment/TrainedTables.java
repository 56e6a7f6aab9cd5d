package org.dndllm.cli.experiment;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.eval.ConditionScores;
import org.dndllm.eval.ConditionTable;
import org.dndllm.eval.JobTable;
import org.dndllm.eval.ReportScores;
import org.dndllm.eval.report.Study;

/** What there is of the experiments that train generators. */
public final class TrainedTables {
    private TrainedTables() {}

    /**
     * Every such experiment with the jobs that are done in a work folder. Whether they were trained with the recipe's own
     * steps is in their {@code trained.json}.
     *
     * @throws org.dndllm.InvalidInputException if a job's report is malformed
     */
    public static List<Study.Trained> of(Path work) {
        return Experiment.all(NanoRecipe.standard()).stream()
                .map(experiment -> of(experiment, work))
                .toList();
    }

    private static Study.Trained of(Experiment experiment, Path work) {
        List<ReportScores> scores = new ArrayList<>();
        List<ConditionTable.Row> conditions = new ArrayList<>();
        Map<String, String> notRun = new LinkedHashMap<>();
        for (Job job : experiment.jobs()) {
            Path folder = work.resolve("jobs").resolve(job.name());
            if (Files.exists(folder.resolve("done.json"))) {
                ReportScores read = ReportScores.read(job.title(), folder.resolve("report"));
                scores.add(read);
                if (job.conditions().isPresent() && Files.exists(folder.resolve("diagnosed.json"))) {
                    conditions.add(
                            new ConditionTable.Row(read, ConditionScores.read(folder.resolve("conditions.json"))));
                }
            } else {
                notRun.put(job.name(), "no result in " + folder);
            }
        }
        String command = "dnd experiment " + experiment.name()
                + (experiment.jobs().stream().anyMatch(Job::checkpoints) ? " --checkpoints DIR" : "");
        return new Study.Trained(
                experiment.name(),
                experiment.question(),
                scores.isEmpty()
                        ? Optional.empty()
                        : Optional.of(JobTable.of(scores).table()),
                conditions.isEmpty() ? Optional.empty() : Optional.of(new ConditionTable(conditions).table()),
                notRun,
                command);
    }
}
