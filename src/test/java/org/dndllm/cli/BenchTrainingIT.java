package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** {@code dnd bench training} with an untrained generator and a few steps; its numbers are judged elsewhere. */
class BenchTrainingIT {
    private static final double TINY = 1e-9; // numbers of one JSON object, divided once more

    @Test
    void training_fewSteps_ratiosAreTrainingOverGenerationSeconds() throws IOException {
        List<Path> before = leftovers();

        // when
        JsonNode json = Cli.run(
                        "bench",
                        "training",
                        "--generator",
                        Nano.BUNDLE,
                        "--tasks",
                        Nano.TASKS,
                        "--task",
                        "reverse",
                        "--rounds",
                        3,
                        "--lengths",
                        "2,4",
                        "--json")
                .json();

        // then
        JsonNode task = json.get("tasks").get(0);
        JsonNode curve = task.get("curve");
        JsonNode last = curve.get(curve.size() - 1);
        double training = task.get("training_seconds").asDouble();
        assertThat(json.get("tasks").size()).isEqualTo(1);
        assertThat(json.get("threads").get("libtorch").asInt()).isEqualTo(1);
        assertThat(json.get("threads").get("onnxruntime").asInt()).isEqualTo(1);
        assertThat(task.get("task").asString()).isEqualTo("reverse");
        assertThat(training).isPositive().isEqualTo(last.get("seconds").asDouble());
        assertThat(task.get("training_steps").asInt())
                .isEqualTo(last.get("steps").asInt());
        assertThat(task.get("reached").asBoolean())
                .isEqualTo(last.get("accuracy").asDouble()
                        >= task.get("generated").get("accuracy").asDouble());
        assertThat(curve.size())
                .isEqualTo(
                        curve.get(0).get("steps").asInt() == last.get("steps").asInt() ? 1 : 2);
        double weights = ratio(task, "prompts_to_weights_ms", training);
        double attached = ratio(task, "prompts_to_attached_ms", training);
        assertThat(task.get("training_to_weights").asDouble()).isCloseTo(weights, within(weights * TINY));
        assertThat(task.get("training_to_attached").asDouble()).isCloseTo(attached, within(attached * TINY));
        assertThat(json.get("training_to_weights").get("median").asDouble()).isCloseTo(weights, within(weights * TINY));
        assertThat(attached).isLessThan(weights);
        assertThat(task.get("generation").get("stages_ms").propertyNames())
                .containsExactlyInAnyOrder("encode", "generate", "detokenize");
        assertThat(leftovers()).isEqualTo(before);
    }

    @Test
    void wrongFlags_refusedBeforeAnyWork() {
        Cli.run("bench", "training", "--rounds", 0).refused(2, "--rounds");
        Cli.run("bench", "training", "--threads", 0).refused(2, "--threads");
        Cli.run("bench", "training", "--lengths", "4,2").refused(2, "--lengths", "growing");
        Cli.run("bench", "training", "--task", "a", "--all-tasks").refused(2, "--all-tasks");
    }

    private static double ratio(JsonNode task, String field, double training) {
        JsonNode samples = task.get("generation").get(field);
        assertThat(samples.get("n").asInt()).isEqualTo(3);
        return training / (samples.get("median").asDouble() / 1e3);
    }

    private static List<Path> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("dnd-bench-training"))
                    .sorted()
                    .toList();
        }
    }
}
