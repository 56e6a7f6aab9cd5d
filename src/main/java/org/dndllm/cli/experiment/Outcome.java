package org.dndllm.cli.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.eval.Control;

/**
 * What one control did in the evaluations of one or several jobs, taken together: a row of an experiment's outcome and a
 * side of its claims.
 *
 * @param name for claims
 * @param title for tables
 * @param control that is looked at
 * @param jobs by name, with the tasks that count; all tasks where the set is empty
 */
record Outcome(String name, String title, Control control, Map<String, Set<String>> jobs) {
    Outcome {
        jobs = Collections.unmodifiableMap(new LinkedHashMap<>(jobs));
    }

    /** All tasks of these jobs. */
    static Outcome of(String name, String title, Control control, List<String> jobs) {
        Map<String, Set<String>> all = new LinkedHashMap<>();
        jobs.forEach(job -> all.put(job, Set.of()));
        return new Outcome(name, title, control, all);
    }

    /** Whether a task of a job counts. */
    boolean counts(String job, String task) {
        Set<String> tasks = jobs.getOrDefault(job, Set.of());
        return tasks.isEmpty() || tasks.contains(task);
    }
}
