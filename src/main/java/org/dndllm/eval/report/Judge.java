package org.dndllm.eval.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.dndllm.eval.Bootstrap;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.report.Comparison.Pair;
import org.dndllm.eval.report.Verdict.Outcome;

/** Applies the rules of claims. */
final class Judge {
    private static final double HALF = 0.5;

    private final Map<String, JobResult> results;
    private final Map<Pair, Comparison> comparisons;

    Judge(Map<String, JobResult> results, Map<Pair, Comparison> comparisons) {
        this.results = results;
        this.comparisons = comparisons;
    }

    Verdict verdict(Claim claim) {
        return switch (claim.rule()) {
            case Claim.Better better -> better(claim, better);
            case Claim.AtMost most ->
                difference(
                        claim, most.one(), most.other(), of -> of.difference().high() <= most.margin());
            case Claim.NoWorse worse ->
                difference(
                        claim, worse.one(), worse.other(), of -> of.difference().low() >= -worse.margin());
            case Claim.Flags flags -> flags(claim, flags);
            case Claim.Quicker quicker -> quicker(claim, quicker);
            case Claim.Threshold threshold -> threshold(claim, threshold);
        };
    }

    private Verdict better(Claim claim, Claim.Better rule) {
        List<String> evidence = new ArrayList<>();
        boolean all = true;
        for (String other : rule.others()) {
            Comparison comparison = comparisons.get(new Pair(rule.one(), other));
            if (comparison == null) {
                return notTested(claim, rule.one(), other);
            }
            evidence.add(sentence(comparison));
            all &= comparison.better();
        }
        return new Verdict(claim, all ? Outcome.SUPPORTED : Outcome.NOT_SUPPORTED, String.join("; ", evidence));
    }

    private Verdict threshold(Claim claim, Claim.Threshold rule) {
        List<String> growing = rule.growing();
        for (String one : growing) {
            for (String other : rule.controls()) {
                if (!comparisons.containsKey(new Pair(one, other))) {
                    return notTested(claim, one, other);
                }
            }
        }
        int from = growing.size();
        while (from > 0 && closest(growing.get(from - 1), rule.controls()).better()) {
            from--;
        }
        List<String> evidence = new ArrayList<>();
        evidence.add(from < growing.size() ? "from " + growing.get(from) + " on" : "not even " + growing.getLast());
        for (int i = Math.max(0, from - 1); i < Math.min(growing.size(), from + 1); i++) {
            evidence.add(sentence(closest(growing.get(i), rule.controls())));
        }
        return new Verdict(
                claim, from < growing.size() ? Outcome.SUPPORTED : Outcome.NOT_SUPPORTED, String.join("; ", evidence));
    }

    /** The control that a job has the hardest time with: one that it does not beat, otherwise the smallest difference. */
    private Comparison closest(String one, List<String> controls) {
        return controls.stream()
                .map(other -> Objects.requireNonNull(comparisons.get(new Pair(one, other))))
                .min(Comparator.comparing(Comparison::better)
                        .thenComparingDouble(each -> each.difference().value()))
                .orElseThrow();
    }

    /** What a rule asks of a comparison. */
    private interface Holds {
        boolean in(Comparison comparison);
    }

    private Verdict difference(Claim claim, String one, String other, Holds holds) {
        Comparison comparison = comparisons.get(new Pair(one, other));
        if (comparison == null) {
            return notTested(claim, one, other);
        }
        return new Verdict(
                claim, holds.in(comparison) ? Outcome.SUPPORTED : Outcome.NOT_SUPPORTED, sentence(comparison));
    }

    private Verdict flags(Claim claim, Claim.Flags rule) {
        Optional<Estimate> strange = measured(rule.strange()).flatMap(JobResult::outside);
        Optional<Estimate> familiar = measured(rule.familiar()).flatMap(JobResult::outside);
        if (strange.isEmpty() || familiar.isEmpty()) {
            return notTested(claim, rule.strange(), rule.familiar());
        }
        boolean holds = strange.get().low() > HALF && familiar.get().high() < HALF;
        return new Verdict(
                claim,
                holds ? Outcome.SUPPORTED : Outcome.NOT_SUPPORTED,
                "flagged: " + rule.strange() + " " + Percent.interval(strange.get()) + ", " + rule.familiar() + " "
                        + Percent.interval(familiar.get()));
    }

    private Verdict quicker(Claim claim, Claim.Quicker rule) {
        Map<String, Double> quick =
                measured(rule.quick()).map(JobResult::secondsByTask).orElse(Map.of());
        Map<String, Double> slow =
                measured(rule.slow()).map(JobResult::secondsByTask).orElse(Map.of());
        List<String> both = slow.keySet().stream().filter(quick::containsKey).toList();
        if (both.isEmpty()) {
            return notTested(claim, rule.quick(), rule.slow());
        }
        Estimate ratio = Bootstrap.ratio(units(both, slow), units(both, quick));
        return new Verdict(
                claim,
                ratio.low() >= rule.times() ? Outcome.SUPPORTED : Outcome.NOT_SUPPORTED,
                String.format(
                        Locale.ROOT,
                        "%s / %s: %.0f times [%.0f, %.0f] over %d tasks",
                        rule.slow(),
                        rule.quick(),
                        ratio.value(),
                        ratio.low(),
                        ratio.high(),
                        both.size()));
    }

    private static double[] units(List<String> tasks, Map<String, Double> seconds) {
        return tasks.stream()
                .mapToDouble(task -> seconds.getOrDefault(task, 0.0))
                .toArray();
    }

    private Optional<JobResult> measured(String job) {
        return Optional.ofNullable(results.get(job)).filter(JobResult::measured);
    }

    private Verdict notTested(Claim claim, String... jobs) {
        List<String> missing = new ArrayList<>();
        for (String job : jobs) {
            if (measured(job).isEmpty()) {
                JobResult result = results.get(job);
                missing.add(job + (result == null ? " was not run" : " was not measured: " + result.remark()));
            }
        }
        return new Verdict(
                claim,
                Outcome.NOT_TESTED,
                missing.isEmpty()
                        ? "the jobs have nothing in common that could be compared"
                        : String.join("; ", missing));
    }

    private static String sentence(Comparison comparison) {
        return comparison.pair().one() + " minus " + comparison.pair().other() + ": "
                + Percent.signed(comparison.difference()) + " points, p " + Percent.p(comparison.adjusted());
    }
}
