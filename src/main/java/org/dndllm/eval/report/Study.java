package org.dndllm.eval.report;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.diagnosis.AdapterHealth;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;

/**
 * Everything that a report says.
 *
 * @param title of the report
 * @param findings of the experiments that need no training
 * @param health of adapters that were named
 * @param trained experiments that train generators, run or not
 * @param provenance hashes, seeds, versions, machine and command, for the record
 */
public record Study(
        String title,
        Findings findings,
        List<AdapterHealth> health,
        List<Trained> trained,
        Map<String, Object> provenance) {
    public Study {
        health = List.copyOf(health);
        trained = List.copyOf(trained);
        provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
    }

    /**
     * An experiment that trains generators.
     *
     * @param tables of the jobs that are done; none where none is
     * @param cells every hit, by the names that {@code pairs} uses
     * @param pairs what is compared item by item
     * @param verdicts on its claims, corrected over their own comparisons
     * @param notRun reasons by job
     * @param command that runs what is missing
     */
    public record Trained(
            String name,
            String question,
            List<ReportTable> tables,
            Map<String, List<Cell>> cells,
            List<Comparison.Pair> pairs,
            List<Verdict> verdicts,
            Map<String, String> notRun,
            String command) {
        public Trained {
            tables = List.copyOf(tables);
            cells = Collections.unmodifiableMap(new LinkedHashMap<>(cells));
            pairs = List.copyOf(pairs);
            verdicts = List.copyOf(verdicts);
            notRun = Collections.unmodifiableMap(new LinkedHashMap<>(notRun));
        }
    }

    /**
     * Writes {@code report.html}, {@code report.md}, {@code report.json}, {@code accuracies.csv} and {@code
     * comparisons.csv}; those of an earlier report are replaced.
     *
     * @throws org.dndllm.EnvironmentException if the disk refuses
     */
    public void write(Path folder) {
        List<Block> blocks = new StudyBlocks(this).all();
        AtomicFile.writeString(folder.resolve("report.json"), JsonWriter.write(toJson()));
        AtomicFile.writeString(folder.resolve("accuracies.csv"), StudyCsv.accuracies(findings));
        AtomicFile.writeString(folder.resolve("comparisons.csv"), StudyCsv.comparisons(findings));
        AtomicFile.writeString(folder.resolve("report.md"), Markdown.of(blocks));
        AtomicFile.writeString(folder.resolve("report.html"), Html.page(title, blocks));
    }

    /** All of them: of the experiments that need no training, then of those that train. */
    public List<Verdict> verdicts() {
        return Stream.concat(findings.verdicts().stream(), trained.stream().flatMap(each -> each.verdicts().stream()))
                .toList();
    }

    /** The controls and their advantage, as they stand in a README. */
    public ReportTable headline() {
        return new ReportTable(new TrialTable(findings.trials().getFirst(), findings).rows());
    }

    /** As JSON values; single hits are in the jobs' own files. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("title", title);
        json.put("verdicts", verdicts().stream().map(Verdict::toJson).toList());
        Map<String, Object> jobs = new LinkedHashMap<>();
        findings.results().forEach((name, result) -> jobs.put(name, job(result)));
        json.put("jobs", jobs);
        json.put(
                "comparisons",
                findings.comparisons().values().stream().map(Comparison::toJson).toList());
        json.put("adapters", health.stream().map(AdapterHealth::toJson).toList());
        Map<String, Object> experiments = new LinkedHashMap<>();
        trained.forEach(
                each -> experiments.put(each.name(), Map.of("not_run", each.notRun(), "command", each.command())));
        json.put("trained", experiments);
        json.put("provenance", provenance);
        return json;
    }

    private static Map<String, Object> job(JobResult result) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("measured", result.measured());
        result.accuracy().ifPresent(accuracy -> json.put("accuracy", accuracy.toJson()));
        result.outside().ifPresent(outside -> json.put("flagged_outside", outside.toJson()));
        json.put("by_task", result.byTask());
        json.put("measures", result.measures());
        json.put("cost", result.cost().toJson());
        json.put("remark", result.remark());
        json.put("inputs", result.inputs());
        return json;
    }
}
