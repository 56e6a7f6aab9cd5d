package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.GeneratorBundle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code dnd experiment} with one step a job on a small set. */
class ExperimentCommandIT {
    private static final Path SET = Cli.ROOT.resolve("onnx/nano");

    @TempDir
    Path work;

    /** The embedded set without adapters, and with few tasks. */
    private Path smallSet() throws IOException {
        Path set = Files.createDirectories(work.resolve("set"));
        Files.createSymbolicLink(set.resolve("base.gguf"), SET.resolve("base.gguf"));
        Files.createSymbolicLink(set.resolve("compact"), SET.resolve("compact"));
        Path tasks = Files.createDirectory(set.resolve("tasks"));
        Map<String, String> roles = Map.of(
                "first-next", "train", "first-upper", "held_out", "second-same", "train", "third-next", "held_out");
        StringBuilder world = new StringBuilder();
        for (Map.Entry<String, String> task : roles.entrySet()) {
            for (String split : List.of("train", "validation", "test")) {
                String file = task.getKey() + "_" + split + ".json";
                Files.copy(SET.resolve("tasks").resolve(file), tasks.resolve(file));
            }
            world.append(world.isEmpty() ? "" : ", ")
                    .append("{\"name\": \"%s\", \"role\": \"%s\"}".formatted(task.getKey(), task.getValue()));
        }
        Files.writeString(tasks.resolve("world.json"), "{\"tasks\": [" + world + "]}");
        return set;
    }

    private Cli experiment(Object... more) {
        List<Object> all =
                new ArrayList<>(List.of("experiment", "--work", work, "--steps", 1, "--items", 1, "--seeds", 1));
        all.addAll(List.of(more));
        return Cli.run(all.toArray());
    }

    @Test
    void experiment_jobByJobThenAtOnce_skipsWhatIsDoneAndReports() throws IOException {
        // given
        Path set = smallSet();
        JsonNode one = experiment("condition-text", "--set", set, "--only", "condition-mixed", "--json")
                .json();
        assertThat(one.at("/done")).hasSize(1);
        assertThat(work.resolve("condition-text")).doesNotExist();

        // when
        Cli all = experiment("condition-text", "--set", set, "--json");

        // then
        assertThat(all.err()).contains("condition-mixed: is done");
        assertThat(all.json().at("/jobs")).hasSize(3);
        assertThat(work.resolve("condition-text/chart.png")).isNotEmptyFile();
        Path mixed = work.resolve("jobs/condition-mixed");
        BundleManifest.Training training =
                GeneratorBundle.open(mixed.resolve("bundle")).manifest().training();
        assertThat(training.conditionText()).isEqualTo(ConditionText.MIXED);
        assertThat(mixed.resolve("report/report.json")).content().contains("\"condition_text\": \"mixed\"");

        Cli generate = Cli.run(
                "generate",
                "--generator",
                mixed.resolve("bundle"),
                "--prompts",
                Cli.ROOT.resolve("onnx/nano/tasks/first-same_train.json"),
                "--save-to",
                work.resolve("adapter"));
        assertThat(generate.ok().err()).contains("warning", "conditions of mixed");
    }

    @Test
    void extractor_oneJob_makesItsEncoderAndMeasuresItsConditions() throws IOException {
        JsonNode one = experiment("extractor", "--set", smallSet(), "--only", "extractor-base", "--json")
                .json();

        assertThat(one.at("/done")).hasSize(1);
        Path job = work.resolve("jobs/extractor-base");
        assertThat(job.resolve("conditions.json")).content().contains("\"silhouette\"", "\"tasks\": 2");
        assertThat(job.resolve("report/report.json")).content().contains("\"shuffled\"", "\"junk\"");
        // the bundle carries that encoder, and works like any other
        assertThat(job.resolve("bundle/tokenizer.json")).exists();
        GeneratorBundle bundle = GeneratorBundle.open(job.resolve("bundle"));
        assertThat(bundle.manifest().generator().channels()).isEqualTo(128);
        Cli diagnose = Cli.run(
                "diagnose", "--conditions", "--generator", bundle.folder(), "--tasks", work.resolve("set/tasks"));
        assertThat(diagnose.ok().out())
                .contains("Conditions of 2 training tasks")
                .doesNotContain("Among");
    }

    /** As somebody with a base model, an encoder and tasks of their own would have it. */
    @Test
    void experiment_ownSet_runsWhatItDeclares() throws IOException {
        // given
        Path set = smallSet();
        Files.writeString(set.resolve("experiments.json"), """
                {"compact": "--family compact --objective task --rank 2 --chunk 32 --prompts 8 --length 20 --slots 4\
                 --width 16 --stages 16,4,32:32,4,32 --kernel 3 --items-per-task 2 --tasks-per-step 1 --seed 5",
                 "leave_one_out": ["second-same"],
                 "tuning": {"rank": 2, "steps": 3, "batch": 2, "learning_rate": 1e-3}}""");

        // when
        JsonNode trained = experiment("leave-one-out", "--set", set, "--json").json();

        // then
        assertThat(trained.at("/jobs")).hasSize(1);
        Path bundle = work.resolve("jobs/without-second-same/bundle");
        BundleManifest manifest = GeneratorBundle.open(bundle).manifest();
        assertThat(manifest.layout().rank()).isEqualTo(2);
        assertThat(manifest.training().run().orElseThrow().tasks()).containsExactly("first-next");
        assertThat(work.resolve("jobs/without-second-same/report/answers.csv"))
                .content()
                .contains("second-same")
                .doesNotContain("third-next");

        // when
        Object[] flags = {"--work", work, "--items", 1, "--seeds", 1, "--set", set, "--generator", bundle, "--json"};
        List<Object> tuned = new ArrayList<>(List.of("experiment", "few-shot", "--only", "tuned-4"));
        tuned.addAll(List.of(flags));
        Cli.run(tuned.toArray()).ok();
        List<Object> report = new ArrayList<>(List.of("experiment", "report", "--only", "rank"));
        report.addAll(List.of(flags));

        // then
        assertThat(Cli.run(report.toArray()).ok().err()).contains("rank-1").doesNotContain("rank-2");
        assertThat(work.resolve("trials/tuned-4/result.json")).exists();
        experiment("cross-domain", "--set", set).refused(2, "'cross-domain'", "experiments.json");
    }

    @Test
    void experiment_badInput_refused() {
        experiment("fame").refused(2, "NAME", "headline");
        experiment("headline", "--only", "tasks-4").refused(2, "--only", "paper-recon");
        experiment("headline", "--set", work).refused(1, "base.gguf");
        experiment("headline", "--checkpoints", work.resolve("none")).refused(1, "--checkpoints");
        assertThat(work.resolve("jobs")).doesNotExist();
    }
}
