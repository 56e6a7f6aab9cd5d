package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the conditions of several generators have to do with what became of them.
 *
 * @param rows in the given order
 */
public record ConditionTable(List<Row> rows) {
    /**
     * A generator.
     *
     * @param scores of its evaluation
     * @param conditions of its encoder
     */
    public record Row(ReportScores scores, ConditionScores conditions) {}

    public ConditionTable {
        rows = List.copyOf(rows);
    }

    /** Generators as rows: accuracy with the prompts of the task, of another and of none; then the conditions. */
    public ReportTable table() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of(
                "conditions",
                "generated %",
                "95 % interval",
                Control.SHUFFLED.title(),
                Control.JUNK.title(),
                "variance between / within",
                "cosine between tasks",
                "silhouette",
                "recognised: prompts",
                "halves",
                "warning"));
        for (Row row : rows) {
            ConditionScores conditions = row.conditions();
            lines.add(List.of(
                    row.scores().label(),
                    ReportTable.value(row.scores().accuracy(Control.GENERATED), "%.1f"),
                    ReportTable.interval(row.scores().accuracy(Control.GENERATED), "%.1f"),
                    ReportTable.value(row.scores().accuracy(Control.SHUFFLED), "%.1f"),
                    ReportTable.value(row.scores().accuracy(Control.JUNK), "%.1f"),
                    text("%.4f", conditions.between() / conditions.within()),
                    text("%.3f", conditions.cosineBetween()),
                    text("%.3f", conditions.silhouette()),
                    text("%.1f %%", 100 * conditions.promptAccuracy()),
                    text("%.1f %%", 100 * conditions.drawAccuracy()),
                    conditions.warnings().isEmpty()
                            ? "no"
                            : String.join(
                                    ", ",
                                    conditions.warnings().stream()
                                            .map(warning -> warning.split(":", 2)[0])
                                            .toList())));
        }
        return new ReportTable(lines);
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
