package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A report as rows of text: for a terminal, and as Markdown.
 *
 * @param rows the first holds the column titles; all are equally long
 */
public record ReportTable(List<List<String>> rows) {
    public ReportTable {
        rows = rows.stream().map(List::copyOf).toList();
    }

    /** One row per control: mean accuracy and the generated adapter's advantage over it. */
    public static ReportTable of(Summary summary) {
        return ofLines(summary.rows().stream()
                .map(row -> new Line(row.control().title(), row.accuracy(), row.advantage(), row.remark()))
                .toList());
    }

    /** One control, however it was kept. */
    record Line(String title, Optional<Estimate> accuracy, Optional<Estimate> advantage, String remark) {}

    static ReportTable ofLines(List<Line> lines) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "accuracy %", "95 % interval", "generated minus it", "95 % interval", "remark"));
        for (Line line : lines) {
            rows.add(List.of(
                    line.title(),
                    value(line.accuracy(), "%.1f"),
                    interval(line.accuracy(), "%.1f"),
                    value(line.advantage(), "%+.1f"),
                    interval(line.advantage(), "%+.1f"),
                    line.remark()));
        }
        return new ReportTable(rows);
    }

    /** One row per task, one column per control; accuracies in percent. */
    public static ReportTable of(List<TaskResult> results) {
        List<List<String>> rows = new ArrayList<>();
        List<String> titles = new ArrayList<>(List.of("task", "items"));
        results.getFirst().measurements().forEach(m -> titles.add(m.control().label()));
        titles.add("ood score");
        rows.add(titles);
        for (TaskResult result : results) {
            List<String> row = new ArrayList<>(
                    List.of(result.task(), String.valueOf(result.items().size())));
            for (Measurement measurement : result.measurements()) {
                row.add(measurement.measured() ? percent(measurement.accuracy().orElseThrow(), "%.1f") : "-");
            }
            row.add(score(result));
            rows.add(row);
        }
        return new ReportTable(rows);
    }

    private static String score(TaskResult result) {
        if (result.scores().isEmpty()) {
            return "no score";
        }
        double mean = result.scores().stream()
                .mapToDouble(score -> score.value())
                .average()
                .orElseThrow();
        long outside = result.scores().stream().filter(score -> score.outside()).count();
        return String.format(Locale.ROOT, "%.2f%s", mean, outside > 0 ? " (unlike, " + outside + " draws)" : "");
    }

    static String value(Optional<Estimate> estimate, String format) {
        return estimate.map(e -> percent(e.value(), format)).orElse("-");
    }

    /** None where resampling had nothing to vary, as with the difference of a single task. */
    static String interval(Optional<Estimate> estimate, String format) {
        return estimate.filter(e -> e.low() < e.high())
                .map(e -> "[" + percent(e.low(), format) + ", " + percent(e.high(), format) + "]")
                .orElse("-");
    }

    static String percent(double share, String format) {
        return String.format(Locale.ROOT, format, 100 * share);
    }

    /** Aligned columns; the first and the last are text, the others numbers. */
    public List<String> lines() {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int column = 0; column < columns; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        return rows.stream().map(row -> line(row, widths)).toList();
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            boolean text = column == 0 || column == widths.length - 1;
            String cell = row.get(column);
            String space = " ".repeat(widths[column] - cell.length());
            line.append(column == 0 ? "" : "  ").append(text ? cell + space : space + cell);
        }
        return line.toString().stripTrailing();
    }

    /** A Markdown table. */
    public String markdown() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            text.append("| ")
                    .append(String.join(
                            " | ",
                            rows.get(i).stream()
                                    .map(cell -> cell.replace("|", "\\|"))
                                    .toList()))
                    .append(" |\n");
            if (i == 0) {
                text.append("|").append("---|".repeat(rows.getFirst().size())).append('\n');
            }
        }
        return text.toString();
    }
}
