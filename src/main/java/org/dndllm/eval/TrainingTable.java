package org.dndllm.eval;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What it took to make the generators of an experiment.
 *
 * @param rows in the order of its jobs
 */
public record TrainingTable(List<Row> rows) {
    /** @param label whose training it was */
    public record Row(String label, TrainingCost cost) {}

    public TrainingTable {
        rows = List.copyOf(rows);
    }

    /** Generators as rows. */
    public ReportTable table() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("training", "seconds", "resident at most, MB"));
        for (Row row : rows) {
            lines.add(List.of(row.label(), row.cost().secondsText(), row.cost().megabytesText()));
        }
        return new ReportTable(lines);
    }

    /** As JSON values. */
    public List<Map<String, Object>> toJson() {
        List<Map<String, Object>> json = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("label", row.label());
            entry.putAll(row.cost().toJson());
            json.add(entry);
        }
        return json;
    }
}
