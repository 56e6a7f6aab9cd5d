package org.dndllm.eval.sandbox;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.ReportTable;

/**
 * pass@k of a set of samples, and why the others failed.
 *
 * @param tasks one for each problem, in file order
 * @param ks the k that are asked for, rising; no problem has fewer samples
 */
public record CodeScore(List<Task> tasks, List<Integer> ks) {

    /**
     * One problem.
     *
     * @param id its name
     * @param verdicts one for each sample
     */
    public record Task(String id, List<Verdict> verdicts) {
        public Task {
            verdicts = List.copyOf(verdicts);
        }

        int passed() {
            return Collections.frequency(verdicts, Verdict.PASSED);
        }
    }

    public CodeScore {
        tasks = List.copyOf(tasks);
        ks = List.copyOf(ks);
    }

    /**
     * Judges every sample, one after the other: programs that share cores with others would run into the clock.
     *
     * @param ks in 1 to {@link CodeSamples#fewest()}
     * @throws InvalidInputException if an item is malformed
     */
    public static CodeScore of(
            CodeProblems problems, CodeSamples samples, CodeJudge judge, List<Integer> ks, Progress progress) {
        List<Task> tasks = new ArrayList<>();
        int total = samples.count();
        int[] done = {0};
        problems.each(problem -> {
            List<Verdict> verdicts = new ArrayList<>();
            for (String completion : samples.byTask().getOrDefault(problem.id(), List.of())) {
                verdicts.add(judge.judge(problem, completion));
                progress.advanced("running samples", ++done[0], total);
            }
            tasks.add(new Task(problem.id(), verdicts));
        });
        return new CodeScore(tasks, ks.stream().distinct().sorted().toList());
    }

    /** pass@k for each k, with 95 % intervals over problems. */
    public Map<Integer, Estimate> passAtK() {
        Map<Integer, Estimate> estimates = new LinkedHashMap<>();
        for (int k : ks) {
            estimates.put(
                    k,
                    PassAtK.mean(tasks.stream()
                            .mapToDouble(task -> PassAtK.of(task.verdicts().size(), task.passed(), k))
                            .toArray()));
        }
        return estimates;
    }

    /** How many samples had each verdict; all verdicts are there. */
    public Map<Verdict, Integer> verdicts() {
        Map<Verdict, Integer> counts = new EnumMap<>(Verdict.class);
        for (Verdict verdict : Verdict.values()) {
            counts.put(
                    verdict,
                    tasks.stream()
                            .mapToInt(task -> Collections.frequency(task.verdicts(), verdict))
                            .sum());
        }
        return counts;
    }

    /** pass@k in percent. */
    public ReportTable passTable() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "%", "95 % interval"));
        passAtK()
                .forEach((k, estimate) -> rows.add(List.of(
                        "pass@" + k,
                        percent("%.1f", estimate.value()),
                        percent("[%.1f, ", estimate.low()) + percent("%.1f]", estimate.high()))));
        return new ReportTable(rows);
    }

    /** Verdicts that occurred. */
    public ReportTable verdictTable() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("verdict", "samples", "meaning"));
        verdicts().forEach((verdict, count) -> {
            if (count > 0) {
                rows.add(List.of(verdict.label(), String.valueOf(count), verdict.title()));
            }
        });
        return new ReportTable(rows);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("problems", tasks.size());
        json.put(
                "samples",
                tasks.stream().mapToInt(task -> task.verdicts().size()).sum());
        Map<String, Object> pass = new LinkedHashMap<>();
        passAtK().forEach((k, estimate) -> pass.put(String.valueOf(k), estimate.toJson()));
        json.put("pass_at_k", pass);
        Map<String, Object> counts = new LinkedHashMap<>();
        verdicts().forEach((verdict, count) -> counts.put(verdict.label(), count));
        json.put("verdicts", counts);
        json.put("tasks", tasks.stream().map(CodeScore::json).toList());
        return json;
    }

    private static Map<String, Object> json(Task task) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task_id", task.id());
        json.put("passed", task.passed());
        json.put("verdicts", task.verdicts().stream().map(Verdict::label).toList());
        return json;
    }

    private static String percent(String format, double share) {
        return String.format(Locale.ROOT, format, 100 * share);
    }
}
