package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.dndllm.eval.Control;
import org.dndllm.eval.experiment.Cell;
import org.dndllm.eval.report.Claim;
import org.dndllm.eval.report.Verdict;
import org.dndllm.eval.report.Verdict.Outcome;
import org.junit.jupiter.api.Test;

/** Claims about trained experiments, judged on made-up answers. */
class TrainedFindingsTest {
    private static final int ITEMS = 40;
    private static final List<Experiment> ALL = Experiment.all(SetPlan.nano());

    private final Map<String, Map<Control, List<Cell>>> done = new LinkedHashMap<>();

    /** @param right share of a control's answers that are right, the first of each task; absent controls are not measured */
    private void report(String job, Set<String> tasks, Map<Control, Double> right) {
        Map<Control, List<Cell>> cells = done.computeIfAbsent(job, name -> new EnumMap<>(Control.class));
        right.forEach((control, share) -> tasks.forEach(task ->
                cells.computeIfAbsent(control, name -> new ArrayList<>()).add(cell(task, share))));
    }

    private static Cell cell(String task, double share) {
        List<Boolean> hits =
                IntStream.range(0, ITEMS).mapToObj(i -> i < share * ITEMS).toList();
        return new Cell(task, "seed 1", hits, OptionalDouble.empty(), OptionalDouble.empty(), false);
    }

    private List<Verdict> verdicts(String experiment) {
        return TrainedFindings.of(Experiment.named(experiment, ALL), SetPlan.nano(), done)
                .verdicts();
    }

    @Test
    void claims_sides_areDeclaredOutcomesOfTheExperimentsJobs() {
        for (Experiment experiment : ALL) {
            TrainedClaims claims = TrainedClaims.of(experiment, SetPlan.nano());
            Set<String> outcomes = new LinkedHashSet<>();
            for (org.dndllm.cli.experiment.Outcome outcome : claims.outcomes()) {
                assertThat(outcomes.add(outcome.name())).as(outcome.name()).isTrue();
                assertThat(experiment.jobs())
                        .extracting(Job::name)
                        .containsAll(outcome.jobs().keySet());
            }
            for (Claim claim : claims.claims()) {
                assertThat(outcomes).as(claim.text()).containsAll(claim.rule().jobs());
            }
        }
        assertThat(ALL.stream()
                        .filter(experiment -> !TrainedClaims.of(experiment, SetPlan.nano())
                                .claims()
                                .isEmpty())
                        .map(Experiment::name))
                .containsExactly(
                        "condition-text", "extractor", "task-count", "leave-one-out", "cross-domain", "training-pool");
    }

    @Test
    void crossDomain_kindLeftOutAndKnownKinds_judgedApart() {
        for (SetPlan.Kind kind : SetPlan.nano().kinds()) {
            report(kind.job(), kind.tasks(), Map.of(Control.BASE, 0.1, Control.GENERATED, 0.05));
            report(kind.job(), kind.known(), Map.of(Control.BASE, 0.1, Control.GENERATED, 0.8));
        }

        TrainedFindings findings = TrainedFindings.of(Experiment.named("cross-domain", ALL), SetPlan.nano(), done);

        assertThat(findings.verdicts())
                .extracting(Verdict::outcome)
                .containsExactly(Outcome.NOT_SUPPORTED, Outcome.SUPPORTED);
        assertThat(findings.outcome().orElseThrow().rows().get(1)).contains("13", "5.0", "other-kind");
        assertThat(findings.tables()).hasSize(2);
    }

    /** Answers that are letters harm here, words help. */
    @Test
    void conditionText_byAnswerType_judgedApart() {
        Set<String> letters = SetPlan.nano().answers().getFirst().tasks();
        Set<String> words = SetPlan.nano().answers().getLast().tasks();
        assertThat(letters).hasSize(6);
        assertThat(words).containsExactly("largest-word", "second-word");
        for (String job : List.of("condition-answers", "condition-mixed", "compact-seed-1")) {
            boolean prompts = job.equals("compact-seed-1");
            report(job, letters, Map.of(Control.GENERATED, prompts ? 0.9 : 0.5));
            report(job, words, Map.of(Control.GENERATED, prompts ? 0.5 : 0.9));
        }

        List<Verdict> verdicts = verdicts("condition-text");

        assertThat(verdicts)
                .extracting(Verdict::outcome)
                .containsExactly(Outcome.SUPPORTED, Outcome.NOT_TESTED, Outcome.NOT_TESTED, Outcome.NOT_SUPPORTED);
        assertThat(verdicts.getFirst().evidence())
                .contains("compact-seed-1, a letter minus condition-answers, a letter");
    }

    @Test
    void taskCount_enoughFrom16_saysFromWhere() {
        Set<String> tasks = Set.of("a", "b", "c", "d", "e", "f");
        report("tasks-4", tasks, Map.of(Control.GENERATED, 0.05));
        report("tasks-8", tasks, Map.of(Control.GENERATED, 0.1));
        report("tasks-16", tasks, Map.of(Control.GENERATED, 0.6));
        report("tasks-16-narrow", tasks, Map.of(Control.GENERATED, 0.6));
        report(
                "compact-seed-1",
                tasks,
                Map.of(
                        Control.GENERATED, 0.9,
                        Control.BASE, 0.05,
                        Control.NEAREST, 0.0,
                        Control.MULTITASK, 0.05,
                        Control.FEW_SHOT, 0.1));

        List<Verdict> verdicts = verdicts("task-count");

        assertThat(verdicts).extracting(Verdict::outcome).containsExactly(Outcome.SUPPORTED, Outcome.NOT_SUPPORTED);
        assertThat(verdicts.getFirst().evidence()).startsWith("from tasks-16 on; tasks-8 minus");
    }

    @Test
    void trainingPool_drawingIsAsGoodAndWholeSmallPoolWorse_bothSupported() {
        Set<String> tasks = Set.of("a", "b", "c", "d", "e", "f");
        report("prompts-64-of-64", tasks, Map.of(Control.GENERATED, 0.4));
        report("prompts-64-of-256", tasks, Map.of(Control.GENERATED, 0.8));
        report("prompts-256-of-256", tasks, Map.of(Control.GENERATED, 0.825));
        report("compact-seed-1", tasks, Map.of(Control.GENERATED, 0.9));

        List<Verdict> verdicts = verdicts("training-pool");

        assertThat(verdicts).extracting(Verdict::outcome).containsExactly(Outcome.SUPPORTED, Outcome.SUPPORTED);
        assertThat(verdicts.getLast().evidence()).startsWith("prompts-64-of-all minus prompts-64-of-64: +50.0");

        done.remove("prompts-64-of-256");
        report("prompts-64-of-256", tasks, Map.of(Control.GENERATED, 0.7));
        assertThat(verdicts("training-pool"))
                .extracting(Verdict::outcome)
                .containsExactly(Outcome.NOT_SUPPORTED, Outcome.SUPPORTED);
    }

    @Test
    void leaveOneOut_someJobsMissing_notTested() {
        report("without-first-next", Set.of("first-next"), Map.of(Control.BASE, 0.1, Control.GENERATED, 0.9));

        assertThat(verdicts("leave-one-out")).extracting(Verdict::outcome).containsOnly(Outcome.NOT_TESTED);
        assertThat(verdicts("headline")).isEmpty();
    }
}
