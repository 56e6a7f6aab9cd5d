package org.dndllm.eval.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.experiment.Cost;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.report.Verdict.Outcome;
import org.junit.jupiter.api.Test;

class FindingsTest {
    private static final Claim BETTER = new Claim("good beats bad", new Claim.Better("good", List.of("bad")));

    private static Verdict verdict(Claim claim, JobResult... results) {
        return Findings.of(List.of(Results.trial("good", "bad")), List.of(claim), Results.byName(results), List.of())
                .verdicts()
                .getFirst();
    }

    @Test
    void better_clearOverAllTasks_supportedWithNumbers() {
        Verdict verdict = verdict(BETTER, Results.job("good", 19, 18, 20, 17), Results.job("bad", 2, 3, 1, 4));

        assertThat(verdict.outcome()).isEqualTo(Outcome.SUPPORTED);
        assertThat(verdict.evidence()).contains("good minus bad", "+80.0", "p < 0.0001");
    }

    @Test
    void better_theOtherWayRound_notSupported() {
        assertThat(verdict(BETTER, Results.job("good", 2, 3, 1, 4), Results.job("bad", 19, 18, 20, 17))
                        .outcome())
                .isEqualTo(Outcome.NOT_SUPPORTED);
    }

    @Test
    void better_significantOverItemsButOneTaskOnly_notSupported() {
        // given: one task makes all the difference, three others none
        Verdict verdict = verdict(BETTER, Results.job("good", 20, 5, 5, 5), Results.job("bad", 0, 5, 5, 5));

        assertThat(verdict.evidence()).contains("p < 0.0001");
        assertThat(verdict.outcome()).as("the interval over tasks reaches zero").isEqualTo(Outcome.NOT_SUPPORTED);
    }

    @Test
    void better_clearIntervalOfFewItems_notSupportedForItsP() {
        // given: an item in four of five tasks, p = 2^-3
        Verdict verdict = verdict(BETTER, Results.job("good", 6, 6, 6, 6, 5), Results.job("bad", 5, 5, 5, 5, 5));

        assertThat(verdict.evidence()).contains("+4.0 [+2.0, +5.0]", "p 0.1250");
        assertThat(verdict.outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
    }

    /** By hand: 0.5 +- 12.7062 x 0.25, and 0.8 +- 3.1824 x 0.0645. */
    @Test
    void better_twoTasksThatDiffer_sayTooLittleOfOthers() {
        Verdict two = verdict(BETTER, Results.job("good", 20, 10), Results.job("bad", 5, 5));
        Verdict four = verdict(BETTER, Results.job("good", 19, 18, 20, 17), Results.job("bad", 2, 3, 1, 4));

        assertThat(two.evidence()).contains("+50.0 [-100.0, +100.0]", "p < 0.0001");
        assertThat(two.outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(four.evidence()).contains("+80.0 [+59.5, +100.0]");
        assertThat(four.outcome()).isEqualTo(Outcome.SUPPORTED);
    }

    @Test
    void better_oneTask_intervalOverItsItems() {
        Verdict few = verdict(BETTER, Results.job("good", 6), Results.job("bad", 5));
        Verdict many = verdict(BETTER, Results.job("good", 20), Results.job("bad", 5));

        assertThat(few.evidence()).contains("[+0.0, +15.0]");
        assertThat(few.outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(many.outcome()).isEqualTo(Outcome.SUPPORTED);
    }

    @Test
    void claim_jobNotRunOrNotMeasured_notTestedWithReason() {
        JobResult missing = new JobResult(
                "bad",
                List.of(),
                "no folder of LoRAs",
                Map.of(),
                new Cost(0, 0, OptionalLong.empty(), OptionalDouble.empty()),
                "");

        Verdict notRun = verdict(BETTER, Results.job("good", 5, 6));
        Verdict notMeasured = verdict(BETTER, Results.job("good", 5, 6), missing);

        assertThat(notRun.outcome()).isEqualTo(Outcome.NOT_TESTED);
        assertThat(notRun.evidence()).isEqualTo("bad was not run");
        assertThat(notMeasured.outcome()).isEqualTo(Outcome.NOT_TESTED);
        assertThat(notMeasured.evidence()).contains("no folder of LoRAs");
    }

    @Test
    void margins_judgedByTheWholeInterval() {
        JobResult good = Results.job("good", 10, 11, 10, 11, 10, 11);
        JobResult bad = Results.job("bad", 10, 10, 10, 10, 10, 10);
        Claim most = new Claim("at most", new Claim.AtMost("good", "bad", 0.051));
        Claim stricter = new Claim("at most", new Claim.AtMost("good", "bad", 0.02));
        Claim noWorse = new Claim("no worse", new Claim.NoWorse("bad", "good", 0.051));
        Claim equal = new Claim("no worse", new Claim.NoWorse("bad", "good", 0.02));

        assertThat(verdict(most, good, bad).outcome()).isEqualTo(Outcome.SUPPORTED);
        assertThat(verdict(stricter, good, bad).outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(verdict(noWorse, good, bad).outcome()).isEqualTo(Outcome.SUPPORTED);
        assertThat(verdict(equal, good, bad).outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
    }

    /** Equal results on a few items do not show that two adapters are as good. */
    @Test
    void margin_allTasksAlike_asMuchAsTheItemsAllow() {
        Claim noWorse = new Claim("no worse", new Claim.NoWorse("bad", "good", 0.05));
        int[] alike = new int[5];
        Arrays.fill(alike, 10); // of 20 each: Wilson's interval of none of 100 reaches 3.7 %

        Verdict few = verdict(noWorse, Results.job("good", 10), Results.job("bad", 10));

        assertThat(few.outcome()).isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(few.evidence()).contains("[-16.1, +16.1]");
        assertThat(verdict(noWorse, Results.job("good", alike), Results.job("bad", alike))
                        .outcome())
                .isEqualTo(Outcome.SUPPORTED);
    }

    @Test
    void flags_strangeFlaggedFamiliarNot_supportedAndNotWhenSwapped() {
        JobResult strange = scored("good", true);
        JobResult familiar = scored("bad", false);
        Claim claim = new Claim("warns", new Claim.Flags("good", "bad"));

        assertThat(verdict(claim, strange, familiar).outcome()).isEqualTo(Outcome.SUPPORTED);
        assertThat(verdict(new Claim("warns", new Claim.Flags("bad", "good")), strange, familiar)
                        .outcome())
                .isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(verdict(claim, Results.job("good", 3), familiar).outcome())
                .as("no score, no verdict")
                .isEqualTo(Outcome.NOT_TESTED);
    }

    @Test
    void quicker_ratioOverTasks_heldAgainstTheBound() {
        JobResult slow = Results.timed("bad", 10, 30);
        JobResult quick = Results.timed("good", 0.1, 0.1);

        assertThat(verdict(new Claim("quick", new Claim.Quicker("good", "bad", 100)), slow, quick)
                        .outcome())
                .isEqualTo(Outcome.SUPPORTED);
        assertThat(verdict(new Claim("quick", new Claim.Quicker("good", "bad", 101)), slow, quick)
                        .outcome())
                .isEqualTo(Outcome.NOT_SUPPORTED);
    }

    @Test
    void threshold_fromSomeJobOn_supportedWithItsName() {
        Claim claim =
                new Claim("enough", new Claim.Threshold(List.of("few", "some", "many"), List.of("base", "shots")));
        JobResult base = Results.job("base", 1, 2, 1, 2);
        JobResult shots = Results.job("shots", 5, 5, 5, 5);
        JobResult few = Results.job("few", 9, 2, 9, 2); // beats neither over all tasks
        JobResult some = Results.job("some", 15, 16, 15, 16);
        JobResult many = Results.job("many", 19, 19, 20, 19);

        Verdict enough = verdict(claim, base, shots, few, some, many);

        assertThat(enough.outcome()).isEqualTo(Outcome.SUPPORTED);
        assertThat(enough.evidence())
                .startsWith("from some on; few minus shots")
                .contains("some minus shots: +52.5");
    }

    @Test
    void threshold_largestFailsOrIsMissing_notSupportedOrNotTested() {
        Claim claim = new Claim("enough", new Claim.Threshold(List.of("few", "many"), List.of("base")));
        JobResult base = Results.job("base", 5, 5, 5, 5);
        JobResult good = Results.job("few", 15, 16, 15, 16);

        Verdict relapse = verdict(claim, base, good, Results.job("many", 5, 4, 5, 6));
        Verdict missing = verdict(claim, base, good);

        assertThat(relapse.outcome()).as("a lucky small number is no threshold").isEqualTo(Outcome.NOT_SUPPORTED);
        assertThat(relapse.evidence()).startsWith("not even many; many minus base");
        assertThat(missing.outcome()).isEqualTo(Outcome.NOT_TESTED);
        assertThat(missing.evidence()).contains("many was not run");
    }

    @Test
    void comparison_tasksWithOtherNumbersOfItems_haveNoPairs() {
        JobResult whole = Results.job("good", 19, 18);
        List<Cell> shorter = whole.cells().stream()
                .map(cell -> new Cell(
                        cell.task(), cell.run(), cell.hits().subList(0, 5), cell.seconds(), cell.score(), false))
                .toList();

        Verdict verdict = verdict(BETTER, whole, new JobResult("bad", shorter, "", Map.of(), whole.cost(), ""));

        assertThat(verdict.outcome()).isEqualTo(Outcome.NOT_TESTED);
        assertThat(verdict.evidence()).contains("nothing in common");
    }

    @Test
    void comparisons_everyPairOnce_correctedTogether() {
        JobResult a = Results.job("a", 20, 20);
        JobResult b = Results.job("b", 15, 15);
        JobResult c = Results.job("c", 17, 17);
        Claim claim = new Claim("a beats b", new Claim.Better("a", List.of("b")));

        Findings findings = Findings.of(
                List.of(Results.trial("a", "b", "c"), Results.trial("a", "c")),
                List.of(claim),
                Results.byName(a, b, c),
                List.of());

        assertThat(findings.comparisons()).hasSize(2);
        Comparison first = findings.comparison("a", "b").orElseThrow();
        assertThat(first.test().p()).isCloseTo(Math.pow(0.5, 9), within(1e-12));
        assertThat(first.adjusted()).isCloseTo(2 * first.test().p(), within(1e-12));
        Comparison turned = findings.comparison("b", "a").orElseThrow();
        assertThat(turned.difference().value()).isEqualTo(-first.difference().value());
        assertThat(turned.test().onlySecond()).isEqualTo(first.test().onlyFirst());
    }

    private static JobResult scored(String name, boolean outside) {
        JobResult plain = Results.job(name, 5, 5, 5, 5, 5);
        List<Cell> cells = plain.cells().stream()
                .map(cell ->
                        new Cell(cell.task(), cell.run(), cell.hits(), cell.seconds(), OptionalDouble.of(1), outside))
                .toList();
        return new JobResult(name, cells, "", Map.of(), plain.cost(), "");
    }
}
