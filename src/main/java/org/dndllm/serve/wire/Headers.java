package org.dndllm.serve.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Headers of a request or an answer, by names in any case. One thread at a time. */
public final class Headers {
    private final Map<String, List<String>> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

    Headers() {}

    void add(String name, String value) {
        values.computeIfAbsent(name, fresh -> new ArrayList<>(1)).add(value);
    }

    /**
     * Replaces a header.
     *
     * @throws IllegalArgumentException if the value would end the line
     */
    public void set(String name, String value) {
        if (value.chars().anyMatch(each -> each < ' ' && each != '\t')) {
            throw new IllegalArgumentException("the value of the header " + name + " holds a control character");
        }
        values.put(name, List.of(value));
    }

    /** The first value. */
    public Optional<String> first(String name) {
        return all(name).stream().findFirst();
    }

    /** Every value, in order. */
    public List<String> all(String name) {
        return values.getOrDefault(name, List.of());
    }

    /** Whether a list of words, such as that of {@code Connection}, has this one. */
    boolean lists(String name, String word) {
        return all(name).stream()
                .flatMap(value -> List.of(value.split(",", -1)).stream())
                .anyMatch(each -> each.strip().toLowerCase(Locale.ROOT).equals(word));
    }

    /** Writes one line for each value. */
    void write(StringBuilder out) {
        values.forEach((name, all) ->
                all.forEach(value -> out.append(name).append(": ").append(value).append("\r\n")));
    }
}
