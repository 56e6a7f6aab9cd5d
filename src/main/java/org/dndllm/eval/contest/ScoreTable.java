package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.ReportTable;

/** The table of one set: a row for every contender, and one below it for its difference to the base model. */
final class ScoreTable {
    private ScoreTable() {}

    static ReportTable of(SetScore set) {
        List<List<String>> rows = new ArrayList<>();
        List<String> titles = new ArrayList<>(List.of("right, %"));
        set.columns().forEach(column -> titles.add(column.title()));
        titles.add("");
        rows.add(titles);
        rows.add(row(set.base(), set));
        for (ContenderScore adapter : set.adapters()) {
            rows.add(row(adapter, set));
            rows.add(difference(adapter, set));
        }
        return new ReportTable(rows);
    }

    private static List<String> row(ContenderScore contender, SetScore set) {
        List<String> row = new ArrayList<>(List.of(contender.name()));
        for (ScoreColumn column : set.columns()) {
            row.add(contender
                    .of(column)
                    .map(score -> cell(score.accuracy(), "%.1f [%.1f, %.1f]"))
                    .orElse("-"));
        }
        row.add("");
        return row;
    }

    private static List<String> difference(ContenderScore contender, SetScore set) {
        List<String> row = new ArrayList<>(List.of("  minus base"));
        for (ScoreColumn column : set.columns()) {
            ColumnScore base = set.base().of(column).orElseThrow();
            row.add(contender
                    .of(column)
                    .map(score -> cell(score.minus(base), "%+.1f [%+.1f, %+.1f]"))
                    .orElse("-"));
        }
        row.add(contender.isTainted() ? "NOT COMPARABLE" : "");
        return row;
    }

    private static String cell(Estimate estimate, String format) {
        return String.format(Locale.ROOT, format, 100 * estimate.value(), 100 * estimate.low(), 100 * estimate.high());
    }
}
