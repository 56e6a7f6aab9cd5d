package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SummaryTest {
    private static final Map<Control, Integer> EASY = Map.of(
            Control.BASE, 4, Control.GENERATED, 9, Control.MULTITASK, 7, Control.OWN_LABELS, 10, Control.NEAREST, -1);
    private static final Map<Control, Integer> HARD = Map.of(
            Control.BASE, 0, Control.GENERATED, 5, Control.MULTITASK, -1, Control.OWN_LABELS, 6, Control.NEAREST, -1);

    @Test
    void of_severalTasks_meansPairedDifferencesAndGaps() {
        // when
        Summary summary = Summary.of(List.of(Results.task("easy", EASY), Results.task("hard", HARD)));

        // then
        Summary.Row base = row(summary, Control.BASE);
        assertThat(base.accuracy().orElseThrow().value()).isCloseTo(0.2, within(1e-12));
        // paired: the tasks differ by 40 points, the advantage is 50 in both
        assertThat(base.advantage().orElseThrow().low()).isCloseTo(0.5, within(1e-12));
        assertThat(base.advantage().orElseThrow().high()).isCloseTo(0.5, within(1e-12));
        assertThat(row(summary, Control.GENERATED).advantage()).isEmpty();
        assertThat(row(summary, Control.MULTITASK).remark()).contains("1 of 2 tasks");
        assertThat(row(summary, Control.NEAREST).accuracy()).isEmpty();
        assertThat(row(summary, Control.NEAREST).remark()).isEqualTo("not measured: nothing to load");
        assertThat(summary.ownLabelShare().orElseThrow().value()).isCloseTo(10 / 12.0, within(1e-12));
        assertThat(summary.generationSeconds().orElseThrow()).isCloseTo(0.03, within(1e-12));
        assertThat(summary.trainSeconds().orElseThrow()).isEqualTo(60);
        assertThat(summary.items()).isEqualTo(20);
    }

    @Test
    void of_oneTask_intervalsOverItems() {
        Summary summary = Summary.of(List.of(Results.task("easy", EASY)));

        assertThat(row(summary, Control.BASE).accuracy()).contains(Wilson.of(4, 10));
        Estimate advantage = row(summary, Control.BASE).advantage().orElseThrow();
        assertThat(advantage.value()).isCloseTo(0.5, within(1e-12));
        assertThat(advantage.low()).isBetween(0.1, 0.4);
        assertThat(advantage.high()).isBetween(0.6, 0.9);
    }

    @Test
    void of_tasksAllAlike_intervalStillHasWidth() {
        Map<Control, Integer> none = Map.of(Control.BASE, 0);

        Summary summary = Summary.of(List.of(Results.task("a", none), Results.task("b", none)));

        assertThat(row(summary, Control.BASE).accuracy()).contains(Wilson.of(0, 20));
    }

    @Test
    void of_ownLabelsGainNothing_noShare() {
        Map<Control, Integer> flat = Map.of(Control.BASE, 3, Control.GENERATED, 5, Control.OWN_LABELS, 3);

        assertThat(Summary.of(List.of(Results.task("a", flat))).ownLabelShare()).isEmpty();
    }

    @Test
    void measurement_severalRuns_meanOverRunsPerItem() {
        Measurement measurement =
                new Measurement(Control.GENERATED, List.of(Results.run("1", 2, 4), Results.run("2", 4, 4)), "");

        assertThat(measurement.accuracy()).hasValue(0.75);
        assertThat(measurement.itemMeans()).containsExactly(1, 1, 0.5, 0.5);
        assertThat(measurement.estimate().value()).isEqualTo(0.75);
        assertThatThrownBy(() -> Measurement.missing(Control.JUNK, "why").estimate())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("why");
    }

    @Test
    void lines_table_alignedAndComplete() {
        Summary summary = Summary.of(List.of(Results.task("easy", EASY), Results.task("hard", HARD)));

        List<String> lines = ReportTable.of(summary).lines();

        assertThat(lines).hasSize(1 + summary.rows().size());
        assertThat(lines.get(1)).startsWith("base model").contains("20.0", "+50.0");
        assertThat(lines.get(3)).startsWith("nearest training LoRA").endsWith("not measured: nothing to load");
        assertThat(ReportTable.of(summary).markdown().lines())
                .hasSize(2 + summary.rows().size());
        assertThat(ReportFolder.notes(summary))
                .hasSize(2)
                .anySatisfy(note -> assertThat(note).contains("83 %"))
                .anySatisfy(note -> assertThat(note).contains("30.0 ms", "2000 times"));
    }

    private static Summary.Row row(Summary summary, Control control) {
        Optional<Summary.Row> found =
                summary.rows().stream().filter(row -> row.control() == control).findFirst();
        return found.orElseThrow();
    }
}
