package org.dndllm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * What a run's {@code metrics.jsonl} says.
 *
 * @param points one for each step, in order
 */
public record MetricsHistory(List<Point> points) {
    /**
     * A step.
     *
     * @param step from 1
     * @param loss of this step
     * @param validation loss, where the run validated after it
     * @param seconds since the process that took the step began with the run
     */
    public record Point(long step, double loss, OptionalDouble validation, double seconds) {}

    public MetricsHistory {
        points = List.copyOf(points);
    }

    /**
     * Reads a run's folder.
     *
     * @throws InvalidInputException when the file is missing or a line is not one of ours
     */
    public static MetricsHistory read(Path folder) {
        Path file = folder.resolve("metrics.jsonl");
        List<Point> points = new ArrayList<>();
        try {
            for (String text : Files.readAllLines(file)) {
                JsonValue.Obj line = JsonValue.parse(
                                text.getBytes(java.nio.charset.StandardCharsets.UTF_8), file.toString())
                        .asObject(file.toString());
                points.add(new Point(
                        line.integer("step"),
                        line.number("loss"),
                        line.has("validation_loss")
                                ? OptionalDouble.of(line.number("validation_loss"))
                                : OptionalDouble.empty(),
                        line.number("seconds")));
            }
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + ")", e);
        }
        return new MetricsHistory(points);
    }

    /** Seconds spent on the steps, over all processes that worked on the run; what a killed one did after its last checkpoint is not among them. */
    public double seconds() {
        double sum = 0;
        double last = 0;
        for (Point point : points) {
            if (point.seconds() < last) {
                sum += last; // another process went on here
            }
            last = point.seconds();
        }
        return sum + last;
    }
}
