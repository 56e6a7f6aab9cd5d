package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.Nano;
import org.dndllm.eval.EvalWorld;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class EvalCommandIT {
    @TempDir
    static Path folder;

    private static EvalWorld world;
    private static Path bundle;

    @BeforeAll
    static void make() throws IOException {
        try (DragAndDrop dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, EvalWorld.OPTIONS)) {
            world = EvalWorld.make(folder, dnd);
        }
        bundle = Files.createDirectories(folder.resolve("bundle"));
        try (Stream<Path> files = Files.list(Nano.BUNDLE)) {
            for (Path file : files.toList()) {
                Files.copy(file, bundle.resolve(file.getFileName()));
            }
        }
    }

    private static Cli eval(Object... more) {
        List<Object> all =
                new ArrayList<>(List.of("eval", "-t", "1", "-n", EvalWorld.TOKENS, "--seeds", "1", "--shots", "2"));
        all.addAll(Arrays.asList(more));
        if (!all.contains("--generator")) {
            all.addAll(List.of("--generator", Nano.BUNDLE));
        }
        return Cli.run(all.toArray());
    }

    @Test
    void eval_controls_tableJsonAndReport() throws IOException {
        // when
        Path report = folder.resolve("report");
        JsonNode json = eval(
                        "--tasks",
                        world.tasks(),
                        "--controls",
                        "--lora-dir",
                        world.loras(),
                        "--report",
                        report,
                        "--json")
                .json();

        // then: held-out tasks by default
        assertThat(json.at("/tasks")).hasSize(2);
        assertThat(json.at("/summary/tasks").asInt()).isEqualTo(2);
        assertThat(json.at("/summary/controls")).hasSize(10);
        assertThat(json.at("/summary/controls/multitask/measured").asBoolean()).isFalse();
        assertThat(json.at("/summary/controls/base/accuracy/high").asDouble()).isPositive();
        assertThat(json.at("/summary/train_seconds").asDouble()).isEqualTo(12.5);
        assertThat(json.at("/tasks/0/task").asString()).isEqualTo("larger");
        for (String file : new String[] {"report.md", "report.json", "summary.csv", "tasks.csv", "answers.csv"}) {
            assertThat(report.resolve(file)).isNotEmptyFile();
        }
        assertThat(ImageIO.read(report.resolve("chart.png").toFile()).getWidth())
                .isGreaterThan(500);
    }

    @Test
    void eval_noFolders_takesTheEmbeddedTasksAndLoras() {
        JsonNode json = Cli.run(
                        "eval",
                        "--task",
                        "first-upper",
                        "--controls",
                        "--items",
                        "2",
                        "--seeds",
                        "1",
                        "--shots",
                        "1",
                        "-n",
                        "2",
                        "--json")
                .json();

        assertThat(Path.of(json.get("task_folder").asString()).toAbsolutePath())
                .isEqualTo(Nano.SET.resolve("tasks").toAbsolutePath().normalize());
        for (String control : new String[] {"training_mean", "nearest", "multitask", "own_labels"}) {
            assertThat(json.at("/summary/controls/" + control + "/measured").asBoolean())
                    .as(control)
                    .isTrue();
        }
    }

    @Test
    void eval_oneTask_tableForPeople() {
        Cli run = eval("--tasks", world.tasks(), "--task", "plural", "--items", "4")
                .ok();

        assertThat(run.out()).contains("1 task, 4 test items", "base model", "generated adapter", "no score");
        assertThat(run.out()).doesNotContain("multitask");
    }

    @Test
    void eval_shotsByDefault_asManyAsTheGeneratorReads() {
        JsonNode json = Cli.run(
                        "eval",
                        "--generator",
                        Nano.BUNDLE,
                        "--tasks",
                        world.tasks(),
                        "--task",
                        "plural",
                        "--controls",
                        "--items",
                        "2",
                        "--seeds",
                        "1",
                        "-n",
                        "2",
                        "--json")
                .json();

        // 16, or what fits beside the question
        assertThat(json.at("/summary/controls/few_shot/remark").asString()).matches("([5-9]|1[0-6]) shots");
    }

    @Test
    void eval_calibrateThenGenerate_scoresEverywhere() {
        // when
        JsonNode json = eval("--tasks", world.tasks(), "--generator", bundle, "--calibrate-ood", "--ood", "--json")
                .json();

        // then
        assertThat(json.at("/out_of_distribution/auroc/value").asDouble()).isBetween(0.0, 1.0);
        assertThat(json.at("/out_of_distribution/held_out")).hasSize(2);
        assertThat(json.at("/out_of_distribution/outside/reverse")).hasSize(20);
        assertThat(json.at("/tasks")).isEmpty();

        // and: adapters from the calibrated bundle carry the score, whatever it says
        JsonNode adapter = Cli.run(
                        "generate",
                        "--generator",
                        bundle,
                        "--prompts",
                        Nano.REVERSE,
                        "--save-to",
                        folder.resolve("adapter"),
                        "--json")
                .json();
        assertThat(adapter.at("/out_of_distribution/measured").asBoolean()).isTrue();
        boolean outside = adapter.at("/out_of_distribution/score").asDouble()
                > adapter.at("/out_of_distribution/threshold").asDouble();
        assertThat(adapter.at("/out_of_distribution/outside").asBoolean()).isEqualTo(outside);
        assertThat(adapter.at("/warnings").toString().contains("use the base model"))
                .isEqualTo(outside);
        assertThat(folder.resolve("adapter/dnd.json")).content().contains("\"out_of_distribution\"");

        // and: calibrating again replaces the statistics
        eval("--tasks", world.tasks(), "--generator", bundle, "--calibrate-ood", "--ood")
                .ok();
    }

    @Test
    void generate_bundleWithoutStatistics_saysNoScore() {
        Cli run = Cli.run(
                        "generate",
                        "--generator",
                        Nano.BUNDLE,
                        "--prompts",
                        Nano.REVERSE,
                        "--save-to",
                        folder.resolve("plain"))
                .ok();

        assertThat(run.out()).contains("no score");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unknown role|--role spare|--role|2",
                "role without tasks|--role validation|validation|1",
                "unknown task|--task nothing|'nothing'|1",
                "no seeds|--seeds 0|--seeds|2",
                "negative items|--items -1|--items|2",
                "negative shots|--shots -1|--shots|2",
                "no lane|--parallel 0|--parallel|2",
                "too many lanes|--parallel 500|parallel|2",
                "no tokens|-n 0|--n-predict|2",
                "no lora folder|--lora-dir absent-loras|absent-loras|1",
                "no statistics|--ood|ood.safetensors|1",
            })
    void eval_badFlag_refusedInOneLine(String name, String flags, String word, int code) {
        Object[] all = Stream.concat(
                        Stream.of("eval", "--generator", Nano.BUNDLE, "--tasks", world.tasks()),
                        Arrays.stream((Object[]) flags.split(" ")))
                .toArray();

        Cli run = Cli.run(all);

        assertThat(run.code()).as(name).isEqualTo(code);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("dnd: ").contains(word).doesNotContain("\tat ");
        assertThat(run.err().lines()).hasSize(1);
    }

    @Test
    void eval_absentFolder_refused() {
        assertThat(Cli.run("eval", "--tasks", folder.resolve("absent")).err()).contains("is not a folder");
    }
}
