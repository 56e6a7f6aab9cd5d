package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a part of {@code dnd bench serve} found: rows for people and members for machines. */
final class ServeReport {
    private final List<List<String>> rows = new ArrayList<>();
    private final Map<String, Object> json = new LinkedHashMap<>();
    private boolean sound = true;

    static List<String> titles() {
        return List.of("", "median", "p10", "p90", "bar", "holds");
    }

    /** Measured values without a bar. */
    void add(String title, String key, Samples samples, String unit) {
        json.put(key, samples.toJson());
        rows.add(row(title, samples, unit, "", ""));
    }

    /** A ratio, or another value, whose median must not fall below {@code least}. */
    void atLeast(String title, String key, Samples samples, double least) {
        judged(title, key, samples, "", String.format(Locale.ROOT, ">= %.2f", least), samples.median() >= least);
    }

    /** Values whose median must not exceed {@code most}. */
    void atMost(String title, String key, Samples samples, String unit, double most) {
        judged(title, key, samples, unit, String.format(Locale.ROOT, "<= %.2f", most), samples.median() <= most);
    }

    private void judged(String title, String key, Samples samples, String unit, String bar, boolean holds) {
        Map<String, Object> value = samples.toJson();
        value.put("bar", bar);
        value.put("holds", holds);
        json.put(key, value);
        rows.add(row(title, samples, unit, bar, holds ? "yes" : "NO"));
    }

    private static List<String> row(String title, Samples samples, String unit, String bar, String holds) {
        return List.of(
                title,
                number(samples.median()) + unit,
                number(samples.quantile(0.1)) + unit,
                number(samples.quantile(0.9)) + unit,
                bar,
                holds);
    }

    /** A count that must be {@code expected}. */
    void count(String title, String key, long value, long expected) {
        sound &= value == expected;
        json.put(key, value);
        rows.add(List.of(title, String.valueOf(value), "", "", "= " + expected, value == expected ? "yes" : "NO"));
    }

    /** A plain fact. */
    void fact(String title, String key, Object value) {
        json.put(key, value);
        rows.add(List.of(title, String.valueOf(value), "", "", "", ""));
    }

    /** A fact for machines only. */
    void detail(String key, Object value) {
        json.put(key, value);
    }

    /** Whether all counts are as they must be; a bar that is missed is a result like any other. */
    boolean isSound() {
        return sound;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.3f" : "%.1f", value);
    }

    List<List<String>> rows() {
        return rows;
    }

    Map<String, Object> toJson() {
        return json;
    }
}
