package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.dndllm.engine.Nano;
import org.dndllm.eval.diagnosis.SmallWorld;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class DiagnoseCommandIT {
    private static final Path LORAS = Nano.SET.resolve("adapters");
    private static final Path OWN = LORAS.resolve("first-same");

    @TempDir
    static Path folder;

    private static Path tasks;
    private static Path flipped;
    private static Path items;

    @BeforeAll
    static void make() throws IOException {
        tasks = Files.createDirectory(folder.resolve("tasks"));
        SmallWorld.make(tasks);
        BaseShape shape;
        try (GgufFile base = GgufFile.open(Nano.BASE)) {
            shape = BaseShape.fromGguf(base);
        }
        LoraWeights own = PeftAdapter.read(OWN, shape);
        flipped = folder.resolve("flipped");
        PeftAdapter.write(flipped, own.withAlpha(-own.alpha()), Map.of());
        items = folder.resolve("items.json");
        String all = Files.readString(Nano.SET.resolve("tasks/first-same_test.json"));
        Files.writeString(
                items, all.lines().limit(9).reduce("", (a, b) -> a + b).replaceAll(",\\s*$", "]"));
    }

    private static Cli diagnose(Object... more) {
        return Cli.run(Stream.concat(Stream.of("diagnose", "-t", "1"), Arrays.stream(more))
                .toArray());
    }

    @Test
    void diagnose_aTaskFolder_tablesOfBothComparisonsAndAChart() throws IOException {
        Path chart = folder.resolve("likeness.png");

        String out = diagnose("--tasks", tasks, "--loras", LORAS, "--chart", chart)
                .ok()
                .out();

        assertThat(out)
                .contains(
                        "Conditions of 6 training tasks",
                        "not collapsed",
                        "Among 6 LoRAs trained on the training tasks",
                        "Among 6 adapters generated for the training tasks",
                        "generated: first-same",
                        "own labels: first-same",
                        "junk prompts",
                        "mean of the references",
                        "q_proj",
                        "nearest weighted sum");
        assertThat(ImageIO.read(chart.toFile()).getWidth()).isGreaterThan(500);
    }

    @Test
    void diagnose_promptFileWithoutLoras_comparesWithItsOwnAdapters() {
        JsonNode json = diagnose("--tasks", tasks, "--prompts", tasks.resolve("first-same_train.json"), "--json")
                .json();

        assertThat(json.at("/conditions/warnings")).isEmpty();
        assertThat(json.at("/tasks/0/name").asString()).isEqualTo("first-same_train.json");
        assertThat(json.at("/tasks/0/out_of_distribution/outside").asBoolean()).isFalse();
        assertThat(json.at("/among_generated/generated/0/verdict").asString()).isNotEmpty();
        assertThat(json.at("/among_generated/generated/0/modules/q_proj/spaces/read")
                        .asDouble())
                .isPositive();
        assertThat(json.has("among_trained")).isFalse();
    }

    @Test
    void diagnose_soundAdapter_exitCodeZero() {
        Cli run = diagnose("--adapter", OWN, "--task-file", items).ok();

        assertThat(run.out()).contains("nothing wrong found").doesNotContain("not checked");
    }

    @Test
    void diagnose_oneBrokenOfTwo_calledOutByNameAndExitCodeOne() {
        Cli run = diagnose("--adapter", OWN, "--adapter", flipped, "--task-file", items, "--reference", OWN);

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains(flipped + ": BROKEN", "SIGN_FLIPPED", OWN + ": nothing wrong found");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void diagnose_json_findings() {
        Cli run = diagnose("--adapter", flipped, "--reference", OWN, "--json");

        assertThat(run.code()).isEqualTo(1);
        JsonNode json = new Cli(0, run.out(), run.err()).json();
        assertThat(json.get("broken").asBoolean()).isTrue();
        assertThat(json.at("/adapters/0/findings/0/fault").asString()).isEqualTo("SIGN_FLIPPED");
    }

    @Test
    void diagnose_badInput_isRefusedByName() {
        diagnose("--adapter", folder.resolve("absent")).refused(1, "absent", "does not exist");
        diagnose("--adapter", OWN, "--task-file", folder.resolve("none.json")).refused(1, "none.json");
        diagnose("--tasks", tasks, "--loras", tasks).refused(1, "no training task");
    }
}
