package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.report.Comparison.Pair;
import org.dndllm.eval.statistics.Holm;

/**
 * All that was measured, compared and judged.
 *
 * @param trials declared experiments
 * @param results of their jobs by name; jobs that were not run are absent
 * @param comparisons every pair that a table or a claim needs, once, with one correction over all of them; those of trained
 *     jobs too
 * @param verdicts in the order of the claims
 */
public record Findings(
        List<Trial> trials, Map<String, JobResult> results, Map<Pair, Comparison> comparisons, List<Verdict> verdicts) {
    public Findings {
        trials = List.copyOf(trials);
        results = Collections.unmodifiableMap(new LinkedHashMap<>(results));
        comparisons = Collections.unmodifiableMap(new LinkedHashMap<>(comparisons));
        verdicts = List.copyOf(verdicts);
    }

    /**
     * Compares and judges.
     *
     * @param trained experiments whose hits are compared as well, under the same correction
     */
    public static Findings of(
            List<Trial> trials, List<Claim> claims, Map<String, JobResult> results, List<Study.Trained> trained) {
        Map<String, List<Cell>> cells = new LinkedHashMap<>();
        results.forEach((name, result) -> cells.put(name, result.cells()));
        Set<Pair> pairs = pairs(trials, claims);
        trained.forEach(experiment -> {
            cells.putAll(experiment.cells());
            pairs.addAll(experiment.pairs());
        });
        Map<Pair, Comparison> comparisons = corrected(
                pairs.stream().flatMap(pair -> compared(pair, cells).stream()).toList());
        Judge judge = new Judge(results, comparisons);
        return new Findings(
                trials,
                results,
                comparisons,
                claims.stream().map(judge::verdict).toList());
    }

    private static Set<Pair> pairs(List<Trial> trials, List<Claim> claims) {
        Set<Pair> pairs = new LinkedHashSet<>();
        for (Claim claim : claims) {
            switch (claim.rule()) {
                case Claim.Better better -> better.others().forEach(other -> pairs.add(new Pair(better.one(), other)));
                case Claim.AtMost most -> pairs.add(new Pair(most.one(), most.other()));
                case Claim.NoWorse worse -> pairs.add(new Pair(worse.one(), worse.other()));
                case Claim.Threshold threshold ->
                    threshold
                            .growing()
                            .forEach(one -> threshold.controls().forEach(other -> pairs.add(new Pair(one, other))));
                case Claim.Flags flags -> {} // scores, not hits
                case Claim.Quicker quicker -> {} // seconds, not hits
            }
        }
        for (Trial trial : trials) {
            for (Trial.Job job : trial.jobs()) {
                Pair pair = new Pair(job.name(), trial.reference());
                if (!job.name().equals(trial.reference()) && !pairs.contains(new Pair(pair.other(), pair.one()))) {
                    pairs.add(pair);
                }
            }
        }
        return pairs;
    }

    private static Optional<Comparison> compared(Pair pair, Map<String, List<Cell>> cells) {
        List<Cell> one = cells.get(pair.one());
        List<Cell> other = cells.get(pair.other());
        return one == null || other == null ? Optional.empty() : Comparison.of(pair, one, other);
    }

    private static Map<Pair, Comparison> corrected(List<Comparison> raw) {
        double[] adjusted =
                Holm.adjust(raw.stream().mapToDouble(each -> each.test().p()).toArray());
        List<Comparison> all = new ArrayList<>();
        for (int i = 0; i < adjusted.length; i++) {
            all.add(raw.get(i).corrected(adjusted[i]));
        }
        Map<Pair, Comparison> byPair = new LinkedHashMap<>();
        all.forEach(each -> byPair.put(each.pair(), each));
        return byPair;
    }

    /** The result of a job, if there is a number. */
    Optional<JobResult> measured(String job) {
        return Optional.ofNullable(results.get(job)).filter(JobResult::measured);
    }

    /** A job against another, whichever of the two was declared first; the sign is as asked for. */
    Optional<Comparison> comparison(String one, String other) {
        Comparison as = comparisons.get(new Pair(one, other));
        return as != null
                ? Optional.of(as)
                : Optional.ofNullable(comparisons.get(new Pair(other, one))).map(Comparison::turned);
    }

    /** Of a job without a number: why. */
    String reason(String job) {
        JobResult result = results.get(job);
        return result == null ? "not run" : "not measured: " + result.remark();
    }
}
