package org.dndllm.eval.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.InvalidInputException;

/**
 * What a model wrote for each problem, in HumanEval's sample format: JSONL of {@code {"task_id", "completion"}}, as many
 * lines for one problem as there are samples of it.
 *
 * @param byTask completions of each problem, in file order
 */
public record CodeSamples(Map<String, List<String>> byTask) {
    public CodeSamples {
        Map<String, List<String>> copy = new LinkedHashMap<>();
        byTask.forEach((task, completions) -> copy.put(task, List.copyOf(completions)));
        byTask = Collections.unmodifiableMap(copy);
    }

    /**
     * Reads a file and checks it against the problems.
     *
     * @throws InvalidInputException if a line is malformed, names a problem that is not there, or a problem has no sample
     */
    public static CodeSamples read(Path file, CodeProblems problems) {
        Set<String> known = new HashSet<>(problems.ids());
        Map<String, List<String>> byTask = new LinkedHashMap<>();
        JsonLines.each(file, line -> {
            String task = line.string("task_id");
            if (!known.contains(task)) {
                throw new InvalidInputException(
                        line.source(),
                        "task_id",
                        "is '" + task + "', which is not in " + problems.file()
                                + "; give the samples' own problems, or remove the line");
            }
            byTask.computeIfAbsent(task, key -> new ArrayList<>()).add(line.string("completion"));
        });
        List<String> missing =
                problems.ids().stream().filter(id -> !byTask.containsKey(id)).toList();
        if (!missing.isEmpty()) {
            throw new InvalidInputException(
                    file.toString(),
                    "file",
                    "has no sample for " + missing.size() + " of "
                            + problems.ids().size() + " problems, such as '"
                            + missing.getFirst()
                            + "'; a mean over the others would be another benchmark: add them, or remove the problems");
        }
        return new CodeSamples(byTask);
    }

    /** All samples. */
    public int count() {
        return byTask.values().stream().mapToInt(List::size).sum();
    }

    /** Samples of the problem that has fewest: no k beyond it can be estimated. */
    public int fewest() {
        return byTask.values().stream().mapToInt(List::size).min().orElse(0);
    }
}
