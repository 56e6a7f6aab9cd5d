package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Whether a soak found a leak or a failure. */
record SoakVerdict(List<Check> checks) {
    /** Minutes from which a rise says something. */
    private static final double JUDGED_FROM = 5;
    /** Threads and handles that a JVM opens once, whenever: carriers, pollers, class files. */
    private static final int ONCE = 8;

    private static final double RESIDENT_SHARE = 0.01;
    private static final double RESIDENT_MEGABYTES = 8;
    private static final double HEAP_MEGABYTES = 4;

    /**
     * One question.
     *
     * @param holds empty where the soak was too short to tell
     */
    record Check(String text, Optional<Boolean> holds) {
        String word() {
            return holds.map(yes -> yes ? "ok" : "BAD").orElse("-");
        }
    }

    static SoakVerdict of(SoakRun run) {
        SoakGauges gauges = run.gauges();
        boolean judged = run.minutes() >= JUDGED_FROM;
        double allowed = RESIDENT_MEGABYTES
                + RESIDENT_SHARE * gauges.trend("resident_mb").median();
        return new SoakVerdict(List.of(
                check(
                        run.tally().failed() == 0,
                        "requests that failed: %d",
                        run.tally().failed()),
                endsAt(gauges, "sequences", 0),
                endsAt(gauges, "queue", 0),
                endsAt(gauges, "connections", 0),
                endsAt(gauges, "adapters", gauges.trend("adapters").first()),
                endsAt(gauges, "contexts", ServeBench.CONTEXTS),
                endsAt(gauges, "file_handles", gauges.trend("file_handles").first() + ONCE),
                endsAt(gauges, "threads", gauges.trend("threads").first() + ONCE),
                rises(gauges, "resident_mb", allowed, judged),
                rises(gauges, "heap_live_mb", HEAP_MEGABYTES, judged)));
    }

    private static Check check(boolean holds, String format, Object... values) {
        return new Check(String.format(Locale.ROOT, format, values), Optional.of(holds));
    }

    private static Check endsAt(SoakGauges gauges, String name, double most) {
        double last = gauges.trend(name).last();
        return check(last <= most, "%s at the end: %.0f, at most %.0f", name.replace('_', ' '), last, most);
    }

    private static Check rises(SoakGauges gauges, String name, double most, boolean judged) {
        double rise = gauges.trend(name).rise();
        Check check = check(
                rise <= most, "%s rises in the second half by %.2f, at most %.2f", name.replace('_', ' '), rise, most);
        return judged ? check : new Check(check.text() + " (too short to judge)", Optional.empty());
    }

    boolean isGood() {
        return checks.stream().allMatch(check -> check.holds().orElse(true));
    }

    List<Map<String, Object>> toJson() {
        return checks.stream().map(SoakVerdict::json).toList();
    }

    private static Map<String, Object> json(Check check) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("check", check.text());
        json.put("judged", check.holds().isPresent());
        check.holds().ifPresent(holds -> json.put("holds", holds));
        return json;
    }
}
