package org.dndllm.generator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxConstants;

/** Which constants of a graph that {@link GeneratorGraph#export} wrote make up a weight: one, or parts of its rows in order. */
final class WeightParts {
    private static final Pattern PART = Pattern.compile("(.+)\\[(\\d{1,9}):(\\d{1,9})]");

    private final String source;
    private final Map<String, List<Part>> parts = new HashMap<>();

    /** Rows {@code from} to {@code to} of a weight. */
    record Part(String constant, long from, long to) {}

    /** @param source the file, for errors */
    WeightParts(OnnxConstants constants, String source) {
        this.source = source;
        for (String name : constants.names()) {
            Matcher split = PART.matcher(name);
            if (split.matches()) {
                add(split.group(1), new Part(name, Long.parseLong(split.group(2)), Long.parseLong(split.group(3))));
            } else {
                List<Long> shape = constants.shape(name);
                add(name, new Part(name, 0, shape.isEmpty() ? 1 : shape.getFirst()));
            }
        }
        parts.values().forEach(list -> list.sort(Comparator.comparingLong(Part::from)));
    }

    private void add(String weight, Part part) {
        parts.computeIfAbsent(weight, name -> new ArrayList<>()).add(part);
    }

    /** @throws InvalidInputException when the graph has no such weight */
    List<Part> of(String weight) {
        List<Part> found = parts.get(weight);
        if (found == null) {
            throw new InvalidInputException(
                    source, weight, "is missing; take the generator from its bundle, or import it again");
        }
        return found;
    }
}
