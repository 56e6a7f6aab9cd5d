package org.dndllm.eval.report;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.JobResult;

/** Numbers of a report for other programs. */
final class StudyCsv {
    private StudyCsv() {}

    private interface Rows {
        void print(CSVPrinter printer) throws IOException;
    }

    /** One line for each pass over a task's items. */
    static String accuracies(Findings findings) {
        return csv(printer -> {
            printer.printRecord("job", "task", "run", "items", "right", "accuracy", "seconds", "ood_score", "flagged");
            for (JobResult result : findings.results().values()) {
                for (Cell cell : result.cells()) {
                    printer.printRecord(
                            result.job(),
                            cell.task(),
                            cell.run(),
                            cell.hits().size(),
                            cell.right(),
                            cell.accuracy(),
                            cell.seconds().isPresent() ? cell.seconds().getAsDouble() : "",
                            cell.score().isPresent() ? cell.score().getAsDouble() : "",
                            cell.outside());
                }
            }
        });
    }

    static String comparisons(Findings findings) {
        return csv(printer -> {
            printer.printRecord(
                    "job",
                    "minus",
                    "difference",
                    "low",
                    "high",
                    "only_first_right",
                    "only_second_right",
                    "items",
                    "p",
                    "p_holm");
            for (Comparison each : findings.comparisons().values()) {
                printer.printRecord(
                        each.pair().one(),
                        each.pair().other(),
                        each.difference().value(),
                        each.difference().low(),
                        each.difference().high(),
                        each.test().onlyFirst(),
                        each.test().onlySecond(),
                        each.test().items(),
                        each.test().p(),
                        each.adjusted());
            }
        });
    }

    private static String csv(Rows rows) {
        StringWriter text = new StringWriter();
        try (CSVPrinter printer = new CSVPrinter(text, CSVFormat.RFC4180)) {
            rows.print(printer);
        } catch (IOException e) {
            throw new UncheckedIOException("a StringWriter never fails", e);
        }
        return text.toString();
    }
}
