package org.dndllm.eval.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptFormat;
import org.dndllm.engine.RecordReader;
import org.dndllm.engine.RecordVisitor;
import org.dndllm.eval.Control;
import tools.jackson.databind.JsonNode;

/** Every single hit of an evaluation, read back from the {@code answers.csv} that {@code dnd eval} wrote beside its report. */
public final class AnswersFile implements RecordVisitor {
    private record Pass(Control control, String task, String run) {}

    private final String source;
    private final Map<Pass, List<Boolean>> hits = new LinkedHashMap<>();

    private AnswersFile(String source) {
        this.source = source;
    }

    /**
     * Hits by control; the runs of a task are in the order of the file.
     *
     * @param folder of the report
     * @throws InvalidInputException if the file is absent, malformed, or leaves out an item; names the record
     */
    public static Map<Control, List<Cell>> read(Path folder) {
        Path file = folder.resolve("answers.csv");
        AnswersFile reader = new AnswersFile(file.toString());
        RecordReader.read(file, PromptFormat.CSV, reader);
        Map<Control, List<Cell>> cells = new EnumMap<>(Control.class);
        reader.hits.forEach((pass, hits) -> cells.computeIfAbsent(pass.control(), control -> new ArrayList<>())
                .add(new Cell(pass.task(), pass.run(), hits, OptionalDouble.empty(), OptionalDouble.empty(), false)));
        return cells;
    }

    @Override
    public void record(String place, JsonNode row) {
        Pass pass = new Pass(control(row, place), text(row, "task", place), text(row, "run", place));
        List<Boolean> items = hits.computeIfAbsent(pass, key -> new ArrayList<>());
        if (!text(row, "item", place).equals(String.valueOf(items.size() + 1))) {
            throw wrong(place, "item", row, "item " + (items.size() + 1) + " of this run");
        }
        items.add(
                switch (text(row, "right", place)) {
                    case "true" -> true;
                    case "false" -> false;
                    default -> throw wrong(place, "right", row, "true or false");
                });
    }

    private Control control(JsonNode row, String place) {
        return Control.labelled(text(row, "control", place))
                .orElseThrow(() -> wrong(place, "control", row, "a control of dnd eval"));
    }

    private String text(JsonNode row, String column, String place) {
        JsonNode value = row.get(column);
        if (value == null) {
            throw new InvalidInputException(source, place, "has no column " + column + "; evaluate again");
        }
        return value.asString();
    }

    private InvalidInputException wrong(String place, String column, JsonNode row, String expected) {
        return new InvalidInputException(
                source,
                place,
                "says " + column + " '" + row.get(column).asString() + "', expected " + expected + "; evaluate again");
    }
}
