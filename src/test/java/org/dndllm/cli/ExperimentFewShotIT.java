package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** {@code dnd experiment few-shot}: its shortest training, on one task that has four labelled items only. */
class ExperimentFewShotIT {
    private static final Path SET = Cli.ROOT.resolve("onnx/nano");
    private static final String TASK = "first-upper";
    private static final String JOB = "tuned-80-steps-20";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    Path folder;

    private Path smallSet() throws IOException {
        Path set = Files.createDirectories(folder.resolve("set"));
        Files.createSymbolicLink(set.resolve("base.gguf"), SET.resolve("base.gguf"));
        Files.createSymbolicLink(set.resolve("compact"), SET.resolve("compact"));
        Path tasks = Files.createDirectory(set.resolve("tasks"));
        ArrayNode few = JSON.createArrayNode();
        JsonNode all = JSON.readTree(SET.resolve("tasks/" + TASK + "_train.json"));
        for (int i = 0; i < 80; i++) {
            few.add(all.get(i));
        }
        Files.writeString(tasks.resolve(TASK + "_train.json"), few.toString());
        Files.copy(SET.resolve("tasks/" + TASK + "_test.json"), tasks.resolve(TASK + "_test.json"));
        Files.writeString(
                tasks.resolve("world.json"), "{\"tasks\": [{\"name\": \"" + TASK + "\", \"role\": \"held_out\"}]}");
        return set;
    }

    private Cli dnd(String command, Path set, Object... more) {
        Object[] all = new Object[11 + more.length];
        Object[] plain = {
            "experiment", command, "--set", set, "--work", folder.resolve("work"), "--items", 4, "--seeds", 1, "-t1"
        };
        System.arraycopy(plain, 0, all, 0, plain.length);
        System.arraycopy(more, 0, all, plain.length, more.length);
        return Cli.run(all);
    }

    @Test
    void fewShot_tunesOnceAndIsInTheReport() throws IOException {
        // given
        Path set = smallSet();
        JsonNode before = dnd("report", set, "--only", "few-shot", "--json").json();

        // when
        JsonNode json = dnd("few-shot", set, "--only", JOB, "--json").json();
        Cli again = dnd("few-shot", set, "--only", JOB);
        JsonNode report = dnd("report", set, "--only", "few-shot", "--json").json();

        // then
        assertThat(before.at("/jobs").has(JOB)).isFalse();
        assertThat(before.at("/jobs").has("generated")).isTrue();
        JsonNode tuned = json.at("/jobs/" + JOB);
        assertThat(tuned.at("/measures/train_seconds").asDouble()).isPositive();
        assertThat(tuned.at("/measures/train_cpu_seconds").asDouble()).isPositive();
        assertThat(json.at("/jobs").has("tuned-64")).isFalse();
        assertThat(json.at("/verdicts").toString()).contains("tuned-64 was not run");
        assertThat(again.ok().err()).contains("1 of 1 jobs are done already");
        assertThat(again.out()).contains("LoRA tuned on all 80 labelled items", "before the first answer, s");
        assertThat(report.at("/jobs/" + JOB)).isEqualTo(tuned);
        assertThat(folder.resolve("work/few-shot/report.html")).content().contains("seconds, logarithmic");
    }

    @Test
    void fewShot_badFlags_refused() {
        Cli.run("experiment", "few-shot", "--seeds", 0, "--work", folder).refused(2, "--seeds");
        Cli.run("experiment", "few-shot", "--threads", -1, "--work", folder).refused(2, "--threads");
        Cli.run("experiment", "few-shot", "--only", "fame", "--work", folder).refused(2, "--only", "tuned-256");
    }
}
