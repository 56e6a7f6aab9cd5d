package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.eval.Control;
import org.dndllm.eval.TaskRole;
import org.dndllm.eval.experiment.Arm;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.Cost;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Trial;

/** Made-up results. */
final class Results {
    static final int ITEMS = 20;

    private Results() {}

    /** A job with these numbers of right answers; the first items are the ones that are right. */
    static JobResult job(String name, Map<String, Integer> right) {
        List<Cell> cells = new ArrayList<>();
        right.forEach((task, count) -> {
            List<Boolean> hits = new ArrayList<>();
            for (int i = 0; i < ITEMS; i++) {
                hits.add(i < count);
            }
            cells.add(new Cell(task, "seed 1", hits, OptionalDouble.empty(), OptionalDouble.empty(), false));
        });
        return new JobResult(
                name,
                cells,
                "",
                Map.of(),
                new Cost(1, 1, OptionalLong.empty(), OptionalDouble.empty()),
                "hash of " + name);
    }

    static JobResult job(String name, int... right) {
        Map<String, Integer> byTask = new LinkedHashMap<>();
        for (int i = 0; i < right.length; i++) {
            byTask.put("task-" + i, right[i]);
        }
        return job(name, byTask);
    }

    /** A job with nothing right whose tasks took these seconds. */
    static JobResult timed(String name, double... seconds) {
        JobResult plain = job(name, new int[seconds.length]);
        List<Cell> cells = new ArrayList<>();
        for (int i = 0; i < seconds.length; i++) {
            Cell cell = plain.cells().get(i);
            cells.add(
                    new Cell(cell.task(), cell.run(), cell.hits(), OptionalDouble.of(seconds[i]), cell.score(), false));
        }
        return new JobResult(name, cells, "", Map.of(), plain.cost(), "");
    }

    static Map<String, JobResult> byName(JobResult... results) {
        Map<String, JobResult> byName = new LinkedHashMap<>();
        for (JobResult result : results) {
            byName.put(result.job(), result);
        }
        return byName;
    }

    /** A trial of jobs of these names, the first of which is the reference. */
    static Trial trial(String... jobs) {
        List<Trial.Entry> entries = new ArrayList<>();
        for (String job : jobs) {
            entries.add(Trial.Entry.of(new Trial.Job(job, job, new Arm.Controlled(Control.BASE), TaskRole.HELD_OUT)));
        }
        return new Trial("trial", "Which is better?", "", "", entries, jobs[0], List.of());
    }
}
