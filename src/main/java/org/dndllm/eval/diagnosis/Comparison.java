package org.dndllm.eval.diagnosis;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Generated adapters among reference adapters, and beside them what the numbers are to be read against.
 *
 * @param references what they are, for people
 * @param names of the references
 * @param generated the adapters in question
 * @param controls single adapters of known origin
 * @param groups several adapters of one kind, to be read together: each reference among the others, for instance
 */
public record Comparison(
        String references,
        List<String> names,
        List<Placement> generated,
        List<Placement> controls,
        Map<String, List<Placement>> groups) {
    /** Copies the lists. */
    public Comparison {
        names = List.copyOf(names);
        generated = List.copyOf(generated);
        controls = List.copyOf(controls);
        groups = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(groups));
    }

    /** The middle of a number over a group; the mean of the two middle ones of an even count. */
    public static double median(List<Placement> group, ToDoubleFunction<Placement> value) {
        double[] sorted = group.stream().mapToDouble(value).sorted().toArray();
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }

    /** How many of a group have a verdict, by its label; verdicts of none are left out. */
    public static Map<String, Long> verdicts(List<Placement> group) {
        Map<String, Long> counts = new LinkedHashMap<>();
        Arrays.stream(Verdict.values()).forEach(verdict -> {
            long count = group.stream()
                    .filter(placement -> placement.verdict() == verdict)
                    .count();
            if (count > 0) {
                counts.put(verdict.label(), count);
            }
        });
        return counts;
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("references", references);
        json.put("names", names);
        json.put("generated", generated.stream().map(Placement::toJson).toList());
        json.put("controls", controls.stream().map(Placement::toJson).toList());
        Map<String, Object> all = new LinkedHashMap<>();
        groups.forEach((name, group) -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("verdicts", verdicts(group));
            one.put("adapters", group.stream().map(Placement::toJson).toList());
            all.put(name, one);
        });
        json.put("groups", all);
        return json;
    }
}
