package org.dndllm.eval.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.junit.jupiter.api.Test;

class JobResultTest {
    private static final Cost COST = new Cost(1.5, 2.5, OptionalLong.of(1_000_000), OptionalDouble.empty());

    private static Cell cell(String task, String digits, double score, boolean outside) {
        List<Boolean> hits = digits.chars().mapToObj(digit -> digit == '1').toList();
        return new Cell(task, "seed 1", hits, OptionalDouble.of(0.25), OptionalDouble.of(score), outside);
    }

    private static final JobResult RESULT = new JobResult(
            "generated",
            List.of(cell("a", "1100", 0.1, false), cell("a", "1111", 0.2, false), cell("b", "0001", 0.9, true)),
            "three runs",
            Map.of("encode_ms", 3.25),
            COST,
            "abc");

    @Test
    void json_writtenAndRead_isTheSame() {
        byte[] json = JsonWriter.write(RESULT.toJson()).getBytes(StandardCharsets.UTF_8);

        JobResult read = JobResult.fromJson(JsonValue.parse(json, "test").asObject("test"));

        assertThat(read).isEqualTo(RESULT);
    }

    @Test
    void json_hitsThatAreNone_refusedByName() {
        String json = JsonWriter.write(RESULT.toJson()).replace("\"0001\"", "\"00x1\"");

        assertThatThrownBy(() -> JobResult.fromJson(JsonValue.parse(json.getBytes(StandardCharsets.UTF_8), "test")
                        .asObject("test")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("cells[2].hits");
    }

    @Test
    void accuracy_runsOfATask_areAveragedBeforeTasks() {
        assertThat(RESULT.byTask()).containsExactly(Map.entry("a", 0.75), Map.entry("b", 0.25));
        assertThat(RESULT.accuracy().orElseThrow().value()).isCloseTo(0.5, within(1e-12));
        assertThat(Cell.firstRuns(RESULT.cells())).containsOnlyKeys("a", "b");
        assertThat(Cell.firstRuns(RESULT.cells()).get("a").right()).isEqualTo(2);
        assertThat(RESULT.outside().orElseThrow().value()).isCloseTo(1.0 / 3, within(1e-12));
    }

    @Test
    void accuracy_tasksAllAlike_wilsonInsteadOfNoWidth() {
        JobResult alike = new JobResult(
                "base", List.of(cell("a", "0000", 0, false), cell("b", "0000", 0, false)), "", Map.of(), COST, "");

        // Wilson for 0 of 8: z^2 / (8 + z^2)
        assertThat(alike.accuracy().orElseThrow().high()).isCloseTo(3.8415 / 11.8415, within(1e-4));
    }

    @Test
    void accuracy_nothingMeasured_noNumber() {
        JobResult nothing = new JobResult("nearest", List.of(), "no LoRAs", Map.of(), COST, "");

        assertThat(nothing.measured()).isFalse();
        assertThat(nothing.accuracy()).isEmpty();
        assertThat(nothing.outside()).isEmpty();
    }
}
