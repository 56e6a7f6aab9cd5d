package org.dndllm.eval.report;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.Control;
import org.dndllm.eval.experiment.Cell;

/** The single hits of a {@code dnd eval} report, read back from its {@code answers.csv} for paired tests. */
public final class EvaluatedCells {
    private static final CSVFormat WITH_TITLES =
            CSVFormat.RFC4180.builder().setHeader().setSkipHeaderRecord(true).get();

    private EvaluatedCells() {}

    /** One pass over the items of a task. */
    private record Pass(String task, String run) {}

    /**
     * The passes of one control in the order of the file.
     *
     * @param folder of the report
     * @return empty where the control was not measured
     * @throws InvalidInputException if there is no such file, or it is malformed
     */
    public static List<Cell> read(Path folder, Control control) {
        Path file = folder.resolve("answers.csv");
        Map<Pass, List<Boolean>> hits = new LinkedHashMap<>();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
                CSVParser rows = CSVParser.parse(reader, WITH_TITLES)) {
            for (CSVRecord row : rows) {
                if (row.get("control").equals(control.label())) {
                    hits.computeIfAbsent(new Pass(row.get("task"), row.get("run")), pass -> new ArrayList<>())
                            .add(hit(row, file));
                }
            }
        } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "cannot be read (" + e.getMessage() + "); evaluate again", e);
        }
        return hits.entrySet().stream()
                .map(entry -> new Cell(
                        entry.getKey().task(),
                        entry.getKey().run(),
                        entry.getValue(),
                        OptionalDouble.empty(),
                        OptionalDouble.empty(),
                        false))
                .toList();
    }

    private static boolean hit(CSVRecord row, Path file) {
        String right = row.get("right");
        if (!right.equals("true") && !right.equals("false")) {
            throw new InvalidInputException(
                    file.toString(),
                    "right",
                    "is '" + right + "' in record " + row.getRecordNumber()
                            + ", expected true or false; evaluate again");
        }
        return right.equals("true");
    }
}
