package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * What it took to make a generator, from first reading the prompts to the sealed bundle. After an interruption it is what
 * the last run took.
 *
 * @param seconds of wall time, where they were noted
 * @param peakBytes the most resident memory of the process meanwhile, where it could be measured for this alone
 */
public record TrainingCost(OptionalDouble seconds, OptionalLong peakBytes) {
    /** Nothing was noted. */
    public static final TrainingCost UNKNOWN = new TrainingCost(OptionalDouble.empty(), OptionalLong.empty());

    /** Member of a job's record, absent where it could not be measured and in records that are older than it. */
    public static final String PEAK = "peak_resident_bytes";

    /**
     * Reads a job's record of its training.
     *
     * @throws InvalidInputException if there is no such file, or it is malformed
     */
    public static TrainingCost read(Path file) {
        try {
            JsonValue.Obj json =
                    JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
            return new TrainingCost(
                    json.has("seconds") ? OptionalDouble.of(json.number("seconds")) : OptionalDouble.empty(),
                    json.has(PEAK) ? OptionalLong.of(json.integer(PEAK)) : OptionalLong.empty());
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + ")", e);
        }
    }

    /** For tables. */
    String secondsText() {
        return seconds.isPresent() ? String.format(Locale.ROOT, "%.0f", seconds.getAsDouble()) : "-";
    }

    /** Million bytes, for tables. */
    String megabytesText() {
        return peakBytes.isPresent() ? String.format(Locale.ROOT, "%.0f", peakBytes.getAsLong() / 1e6) : "-";
    }

    /** As JSON values. */
    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        seconds.ifPresent(value -> json.put("seconds", value));
        peakBytes.ifPresent(value -> json.put(PEAK, value));
        return json;
    }
}
