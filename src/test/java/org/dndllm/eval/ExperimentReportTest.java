package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Evaluations read back and put together; accuracies are made up. */
class ExperimentReportTest {
    private static final double EXACT = 1e-12;

    @TempDir
    Path folder;

    private static ReportScores scores(String label, Map<Control, double[]> byTask) {
        Map<Control, Map<String, Double>> accuracies = new LinkedHashMap<>();
        byTask.forEach((control, values) -> {
            Map<String, Double> tasks = new LinkedHashMap<>();
            for (double value : values) {
                tasks.put("task " + tasks.size(), value);
            }
            accuracies.put(control, tasks);
        });
        return new ReportScores(label, 400, accuracies);
    }

    private static SeedTable seeds() {
        double[] base = {0.1, 0.2};
        return SeedTable.of(List.of(
                scores(
                        "one",
                        Map.of(
                                Control.BASE,
                                base,
                                Control.GENERATED,
                                new double[] {0.9, 0.7},
                                Control.OWN_LABELS,
                                new double[] {1, 1},
                                Control.JUNK,
                                new double[] {0.1, 0.3})),
                scores(
                        "two",
                        Map.of(
                                Control.BASE,
                                base,
                                Control.GENERATED,
                                new double[] {0.7, 0.5},
                                Control.OWN_LABELS,
                                new double[] {1, 1},
                                Control.JUNK,
                                new double[] {0.1, 0.2}))));
    }

    @Test
    void read_writtenReport_givesMeansOverRuns() {
        // given
        TaskResult a = Results.task("a", Map.of(Control.BASE, 2, Control.GENERATED, 8, Control.MULTITASK, -1));
        TaskResult b = Results.task("b", Map.of(Control.BASE, 4, Control.GENERATED, 9, Control.MULTITASK, -1));
        ReportFolder.write(folder, new EvalReport(Map.of(), List.of(a, b), Optional.empty()));

        // when
        ReportScores scores = ReportScores.read("one", folder);

        // then
        assertThat(scores.items()).isEqualTo(20);
        assertThat(scores.of(Control.GENERATED)).containsExactly(Map.entry("a", 0.8), Map.entry("b", 0.9));
        assertThat(scores.measured(Control.MULTITASK)).isFalse();
        assertThat(scores.accuracy(Control.BASE).orElseThrow())
                .isEqualTo(
                        Summary.of(List.of(a, b)).rows().getFirst().accuracy().orElseThrow());
    }

    @Test
    void read_noReport_refused() {
        assertThatThrownBy(() -> ReportScores.read("one", folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("report.json");
    }

    @Test
    void seedTable_meansOverSeedsThenTasks() {
        SeedTable table = seeds();

        SeedTable.Row generated = table.rows().get(1);
        assertThat(generated.control()).isEqualTo(Control.GENERATED);
        assertThat(generated.bySeed().getFirst().orElseThrow()).isCloseTo(0.8, within(EXACT));
        assertThat(generated.bySeed().getLast().orElseThrow()).isCloseTo(0.6, within(EXACT));
        Estimate mean = generated.mean().orElseThrow(); // tasks 0.8 and 0.6
        assertThat(mean.value()).isCloseTo(0.7, within(EXACT));
        assertThat(mean.low()).isCloseTo(0.6, within(EXACT));
        assertThat(mean.high()).isCloseTo(0.8, within(EXACT));
        assertThat(generated.advantage()).isEmpty();
        Estimate overBase = table.rows().getFirst().advantage().orElseThrow(); // 0.7 and 0.4
        assertThat(overBase.value()).isCloseTo(0.55, within(EXACT));
        assertThat(table.ownLabelShare().orElseThrow().value()).isCloseTo(1.1 / 1.7, within(EXACT));
    }

    @Test
    void seedTable_targets_holdWhatWasMeasuredAgainstTheBounds() {
        Map<String, Boolean> met = new LinkedHashMap<>();
        seeds().targets().forEach(target -> met.put(target.what(), target.met()));

        assertThat(met)
                .containsExactly(
                        Map.entry("generated minus base model", true),
                        Map.entry("junk prompts minus base model", true), // 0 and 0.05
                        Map.entry("share of the own-label LoRAs' gain", false));
    }

    @Test
    void jobTable_differences_areTaskByTask() {
        JobTable table = JobTable.of(List.of(
                scores("few", Map.of(Control.BASE, new double[] {0, 0.5}, Control.GENERATED, new double[] {0.2, 0.7})),
                scores("all", Map.of(Control.BASE, new double[] {0, 0.5}, Control.GENERATED, new double[] {0.3, 0.8
                }))));

        Estimate lead = table.rows().getFirst().lead().orElseThrow();
        assertThat(lead.value()).isCloseTo(-0.1, within(EXACT));
        assertThat(lead.high()).isCloseTo(-0.1, within(EXACT)); // the same in both tasks
        assertThat(table.rows().getLast().lead()).isEmpty();
        assertThat(table.bars()).hasSize(3);
    }

    @Test
    void write_conditions_standBesideTheAccuracies() throws Exception {
        ReportScores good = scores(
                "sentences",
                Map.of(
                        Control.GENERATED, new double[] {0.8, 0.6},
                        Control.SHUFFLED, new double[] {0.1, 0.1},
                        Control.JUNK, new double[] {0, 0.1}));
        ReportScores bad = scores("states", Map.of(Control.GENERATED, new double[] {0.05, 0.05}));
        ConditionScores apart = new ConditionScores(0.2, 0.4, 0.3, 0.25, 0.5, 1, List.of());
        ConditionScores alike = new ConditionScores(
                0.001, 0.01, 0.999, -0.02, 0.05, 0.03, List.of("collapsed: as one", "indistinguishable: by chance"));
        ExperimentReport report = new ExperimentReport(
                "extractor",
                "What reads?",
                Map.of(),
                JobTable.of(List.of(bad, good)),
                new TrainingTable(List.of()),
                Map.of(),
                List.of(new ConditionTable(
                                List.of(new ConditionTable.Row(bad, alike), new ConditionTable.Row(good, apart)))
                        .table()),
                Map.of());

        report.write(folder);

        assertThat(Files.readString(folder.resolve("result.md")))
                .contains("| states | 5.0 | ")
                .contains(" | - | - | 0.1000 | 0.999 | -0.020 | 5.0 % | 3.0 % | collapsed, indistinguishable |")
                .contains(
                        "| sentences | 70.0 | [60.0, 80.0] | 10.0 | 5.0 | 0.5000 | 0.300 | 0.250 | 50.0 % | 100.0 % | no |");
        assertThat(String.join("\n", report.lines())).contains("collapsed, indistinguishable");
    }

    @Test
    void conditionScores_savedDiagnosis_isReadBack() throws Exception {
        Path file = Files.writeString(folder.resolve("conditions.json"), """
                {"conditions": {"variance_between": 2, "variance_within": 4, "cosine_between": 0.5, "silhouette": 0.1,
                  "prompt_accuracy": {"value": 0.2}, "draw_accuracy": {"value": 0.9}, "warnings": ["collapsed: so"]}}""");

        assertThat(ConditionScores.read(file))
                .isEqualTo(new ConditionScores(2, 4, 0.5, 0.1, 0.2, 0.9, List.of("collapsed: so")));
        Files.writeString(file, "{\"conditions\": {\"variance_between\": 2}}");
        assertThatThrownBy(() -> ConditionScores.read(file)).hasMessageContaining("variance_within");
        assertThatThrownBy(() -> ConditionScores.read(folder.resolve("none"))).hasMessageContaining("none");
    }

    @Test
    void poolTable_wholeAndDrawn_areTwoSeriesOverTheSize() {
        PoolTable table = new PoolTable(
                64,
                List.of(
                        pool(16, 16, 0.2, OptionalLong.of(700_000_000)),
                        pool(64, 64, 0.4, OptionalLong.of(800_000_000)),
                        pool(64, 256, 0.6, OptionalLong.empty()),
                        new PoolTable.Generator(
                                64,
                                OptionalInt.empty(),
                                scores("any", Map.of(Control.GENERATED, new double[] {0.6, 0.8})),
                                TrainingCost.UNKNOWN),
                        pool(256, 256, 0.5, OptionalLong.of(1_234_000_000))));

        assertThat(table.table().rows().stream().skip(1).map(row -> String.join(" ", row)))
                .containsExactly(
                        "16 20.0 [10.0, 30.0] 700 - - -",
                        "64 40.0 [30.0, 50.0] 800 40.0 [30.0, 50.0] 800",
                        "256 50.0 [40.0, 60.0] 1234 60.0 [50.0, 70.0] -",
                        "all - - - 70.0 [60.0, 80.0] -");
        assertThat(table.table().rows().getFirst()).contains("x of x, %", "64 of x, %", "MB of training");
    }

    private static PoolTable.Generator pool(int prompts, int size, double accuracy, OptionalLong bytes) {
        return new PoolTable.Generator(
                prompts,
                OptionalInt.of(size),
                scores("any", Map.of(Control.GENERATED, new double[] {accuracy - 0.1, accuracy + 0.1})),
                new TrainingCost(OptionalDouble.empty(), bytes));
    }

    @Test
    void trainingCost_record_isReadWithWhatItHas() throws Exception {
        Path file = Files.writeString(
                folder.resolve("trained.json"), "{\"seconds\": 2.5, \"peak_resident_bytes\": 7, \"inputs\": \"x\"}");
        assertThat(TrainingCost.read(file)).isEqualTo(new TrainingCost(OptionalDouble.of(2.5), OptionalLong.of(7)));

        Files.writeString(file, "{\"inputs\": \"x\"}");
        assertThat(TrainingCost.read(file)).isEqualTo(TrainingCost.UNKNOWN);
        Files.writeString(file, "{\"peak_resident_bytes\": \"much\"}");
        assertThatThrownBy(() -> TrainingCost.read(file)).hasMessageContaining("peak_resident_bytes");
        assertThatThrownBy(() -> TrainingCost.read(folder.resolve("none"))).hasMessageContaining("none");
    }

    @Test
    void write_groups_tablesAndChart() throws Exception {
        ExperimentReport report = new ExperimentReport(
                "headline",
                "Is it so?",
                Map.of("seeds", 3),
                JobTable.of(List.of(scores("one", Map.of(Control.BASE, new double[] {0, 0.5})))),
                new TrainingTable(List.of(
                        new TrainingTable.Row(
                                "one", new TrainingCost(OptionalDouble.of(61.4), OptionalLong.of(862_400_000))),
                        new TrainingTable.Row(
                                "made before", new TrainingCost(OptionalDouble.of(3), OptionalLong.empty())))),
                Map.of("both", seeds()),
                List.of(new ReportTable(List.of(List.of("claim", "verdict"), List.of("it helps", "not tested")))),
                Map.of("paper", "it lacks something"));

        report.write(folder);

        assertThat(Files.readString(folder.resolve("result.md")))
                .contains(
                        "Is it so?",
                        "## both",
                        "| generated adapter | 80.0 | 60.0 | 70.0 |",
                        "| it helps | not tested |",
                        "Not run: paper",
                        "| one | 61 | 862 |",
                        "| made before | 3 | - |");
        assertThat(Files.readString(folder.resolve("result.json")))
                .contains("\"share_of_own_label_gain\"", "\"peak_resident_bytes\": 862400000");
        assertThat(Files.readString(folder.resolve("result.csv")))
                .contains("both,generated,one,0.8,,", "training,one,peak_resident_bytes,862400000,,")
                .contains("training,made before,seconds,3.0,,")
                .doesNotContain("made before,peak_resident_bytes");
        assertThat(folder.resolve("chart.png")).isNotEmptyFile();
        assertThat(String.join("\n", report.lines())).contains("target", "not run    paper");
    }
}
