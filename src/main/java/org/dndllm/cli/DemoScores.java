package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.Progress;
import org.dndllm.eval.BarChart;
import org.dndllm.eval.Control;
import org.dndllm.eval.EvalOptions;
import org.dndllm.eval.EvalReport;
import org.dndllm.eval.Evaluation;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.ReportFolder;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.Summary;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskResult;

/**
 * What the demonstration measures on one task.
 *
 * @param result base model, generated adapter and controls
 * @param left controls that were not asked for, because they take long
 * @param chart where {@link #of} drew it
 */
record DemoScores(TaskResult result, Set<Control> left, Path chart) {
    /** Each of these answers the items dozens of times, or under prompts dozens of times as long. */
    private static final Set<Control> SLOW = EnumSet.of(Control.TRAINING_MEAN, Control.TRAINING_BEST, Control.FEW_SHOT);

    private static final String HOW = "not measured: slow; dnd demo --all-controls measures it";

    /** Answers the items, and draws the chart; folders above it are made. */
    static DemoScores of(
            DragAndDrop dnd,
            TaskFolder folder,
            Optional<Path> loras,
            String task,
            EvalOptions options,
            boolean all,
            Path chart,
            Progress progress) {
        Set<Control> left = all ? Set.of() : SLOW;
        Set<Control> asked = EnumSet.allOf(Control.class);
        asked.removeAll(left);
        try (Evaluation evaluation = Evaluation.of(dnd, folder, loras.map(LoraFolder::open), options)) {
            DemoScores scores = new DemoScores(evaluation.task(task, asked, progress), left, chart);
            BarChart.write(chart, scores.title(), BarChart.bars(scores.summary()));
            return scores;
        }
    }

    private Summary summary() {
        return Summary.of(List.of(result));
    }

    private String title() {
        return String.format(
                Locale.ROOT,
                "%s: accuracy on %d test items, greedy, exact match, 95 %% intervals",
                result.task(),
                result.items().size());
    }

    void print(Output output) {
        result.warnings().forEach(warning -> output.note("warning: %s", warning));
        output.line("");
        output.line("%s", title());
        output.line("");
        Summary summary = summary();
        List<List<String>> rows = new ArrayList<>(ReportTable.of(summary).rows());
        left.forEach(control -> rows.add(List.of(control.title(), "-", "-", "-", "-", HOW)));
        new ReportTable(rows).lines().forEach(line -> output.line("%s", line));
        output.line("");
        ReportFolder.notes(summary).forEach(note -> output.line("%s", note));
        output.line("chart     %s", chart);
    }

    /** The members {@code scores}, {@code not_measured} and {@code chart}. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("scores", new EvalReport(Map.of(), List.of(result), Optional.empty()).toJson());
        Map<String, Object> missing = new LinkedHashMap<>();
        left.forEach(control -> missing.put(control.label(), HOW));
        json.put("not_measured", missing);
        json.put("chart", chart.toString());
        return json;
    }
}
