package org.dndllm.engine;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * What an evaluation measured of a bundle's adapters, with its controls: the member {@code results} of {@code
 * bundle.json}. It says of what it was measured, so that a reader can tell whether it still holds.
 *
 * @param command that measured it
 * @param date when it was done
 * @param base SHA-256 of the base model's file
 * @param bundle SHA-256 of {@code bundle.json} as it was before the results joined it
 * @param seeds of the prompt draws, one adapter each
 * @param maxTokens longest answer
 * @param tasks the tasks, at least one
 * @param rows the generated adapter and its controls, at least one
 * @param shareOfOwnLabels gain of the generated adapter as a share of that of LoRAs trained on the tasks' own labels
 */
public record MeasuredResults(
        String command,
        Instant date,
        String base,
        String bundle,
        List<Long> seeds,
        int maxTokens,
        List<Task> tasks,
        List<Row> rows,
        Optional<Interval> shareOfOwnLabels) {
    private static final String TRAIN_HASH = "train_sha256";
    private static final String MINUS = "generated_minus_this";
    private static final String REMARK = "remark";
    private static final String SHARE = "share_of_own_label_gain";

    /**
     * A value and its 95 % interval.
     *
     * @param value share from 0 to 1, or a difference of shares
     */
    public record Interval(double value, double low, double high) {
        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("value", value);
            json.put("low", low);
            json.put("high", high);
            return json;
        }

        private static Optional<Interval> fromJson(JsonValue.Obj json, String key) {
            if (!json.has(key)) {
                return Optional.empty();
            }
            JsonValue.Obj found = json.object(key);
            return Optional.of(new Interval(found.number("value"), found.number("low"), found.number("high")));
        }
    }

    /**
     * A task that was scored.
     *
     * @param items test items
     * @param trainSha256 of the file that conditions were drawn from
     * @param testSha256 of the file that was scored
     * @param generated accuracy of the generated adapters on it
     */
    public record Task(String name, int items, String trainSha256, String testSha256, double generated) {
        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("task", name);
            json.put("items", items);
            json.put(TRAIN_HASH, trainSha256);
            json.put("test_sha256", testSha256);
            json.put("generated", generated);
            return json;
        }

        private static Task fromJson(JsonValue.Obj json) {
            return new Task(
                    json.string("task"),
                    json.int32("items"),
                    BundleManifest.hash(json, TRAIN_HASH),
                    BundleManifest.hash(json, "test_sha256"),
                    json.number("generated"));
        }
    }

    /**
     * One control over all tasks.
     *
     * @param control its label, such as {@code base}
     * @param accuracy absent where it was not measured
     * @param generatedMinusThis advantage of the generated adapter
     * @param remark why there is no number, or what to know about it; may be empty
     */
    public record Row(
            String control, Optional<Interval> accuracy, Optional<Interval> generatedMinusThis, String remark) {
        private Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("control", control);
            accuracy.ifPresent(interval -> json.put("accuracy", interval.toJson()));
            generatedMinusThis.ifPresent(interval -> json.put(MINUS, interval.toJson()));
            if (!remark.isEmpty()) {
                json.put(REMARK, remark);
            }
            return json;
        }

        private static Row fromJson(JsonValue.Obj json) {
            return new Row(
                    json.string("control"),
                    Interval.fromJson(json, "accuracy"),
                    Interval.fromJson(json, MINUS),
                    json.has(REMARK) ? json.string(REMARK) : "");
        }
    }

    public MeasuredResults {
        seeds = List.copyOf(seeds);
        tasks = List.copyOf(tasks);
        rows = List.copyOf(rows);
    }

    /** Test items of all tasks. */
    public int items() {
        return tasks.stream().mapToInt(Task::items).sum();
    }

    /** As {@code bundle.json} holds it. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("command", command);
        json.put("date", date.toString());
        json.put("base_sha256", base);
        json.put("bundle_sha256", bundle);
        json.put("seeds", seeds);
        json.put("max_tokens", maxTokens);
        json.put("tasks", tasks.stream().map(Task::toJson).toList());
        json.put("table", rows.stream().map(Row::toJson).toList());
        shareOfOwnLabels.ifPresent(share -> json.put(SHARE, share.toJson()));
        return json;
    }

    static MeasuredResults fromJson(JsonValue.Obj json) {
        return new MeasuredResults(
                json.string("command"),
                date(json),
                BundleManifest.hash(json, "base_sha256"),
                BundleManifest.hash(json, "bundle_sha256"),
                json.array("seeds").integers(),
                json.int32("max_tokens"),
                filled(json, "tasks").stream().map(Task::fromJson).toList(),
                filled(json, "table").stream().map(Row::fromJson).toList(),
                Interval.fromJson(json, SHARE));
    }

    private static List<JsonValue.Obj> filled(JsonValue.Obj json, String key) {
        List<JsonValue.Obj> found = json.array(key).objects();
        if (found.isEmpty()) {
            throw new InvalidInputException(
                    json.source(), json.pathOf(key), "is empty; expected at least one; measure and record again");
        }
        return found;
    }

    private static Instant date(JsonValue.Obj json) {
        String text = json.string("date");
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf("date"),
                    "is '" + text + "', expected a time such as 2026-01-31T12:00:00Z",
                    e);
        }
    }
}
