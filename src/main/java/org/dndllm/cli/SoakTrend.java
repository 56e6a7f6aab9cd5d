package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One quantity over the time of a soak. */
final class SoakTrend {
    private final List<Double> minutes = new ArrayList<>();
    private final List<Double> values = new ArrayList<>();

    void add(double minute, double value) {
        minutes.add(minute);
        values.add(value);
    }

    double first() {
        return values.getFirst();
    }

    double last() {
        return values.getLast();
    }

    /** Of the second half: the first one still fills caches, pools and the compilers' memory. */
    double median() {
        return Samples.of(values.subList(half(), values.size())).median();
    }

    private int half() {
        return values.size() / 2;
    }

    /** Slope of the line through the second half by least squares; 0 for fewer than two values. */
    double perMinute() {
        int from = half();
        int count = values.size() - from;
        double meanMinute = mean(minutes.subList(from, minutes.size()));
        double meanValue = mean(values.subList(from, values.size()));
        double above = 0;
        double below = 0;
        for (int i = from; i < values.size(); i++) {
            double off = minutes.get(i) - meanMinute;
            above += off * (values.get(i) - meanValue);
            below += off * off;
        }
        return count < 2 || below == 0 ? 0 : above / below;
    }

    /** What the line of the second half rises by within it. */
    double rise() {
        return perMinute() * (minutes.getLast() - minutes.get(half()));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("first", first());
        json.put("median_of_second_half", median());
        json.put("last", last());
        json.put("slope_per_minute", perMinute());
        json.put("rise_in_second_half", rise());
        json.put("n", values.size());
        return json;
    }
}
