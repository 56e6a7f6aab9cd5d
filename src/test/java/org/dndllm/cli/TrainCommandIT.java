package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code dnd train} on the embedded base and encoder. */
class TrainCommandIT {
    @TempDir
    Path folder;

    @Test
    void train_compactByTask_givesABundleThatGenerates() throws IOException {
        Path bundle = folder.resolve("bundle");

        // when
        JsonNode json = train(Nano.TASKS, bundle).json();

        // then
        assertThat(json.get("relative_difference").asDouble()).isLessThan(1e-4);
        assertThat(json.get("parameters").asLong()).isBetween(1000L, 1_000_000L);
        assertThat(json.get("peak_resident_bytes").asLong()).isGreaterThan(50_000_000);
        assertThat(json.get("tasks").size()).isEqualTo(6);
        assertThat(folder.resolve("bundle.work/loss.png")).isNotEmptyFile();
        assertThat(Files.readAllLines(folder.resolve("bundle.work/metrics.jsonl")))
                .hasSize(3);
        BundleManifest manifest = GeneratorBundle.open(bundle).manifest();
        assertThat(manifest.name()).isEqualTo("bundle");
        assertThat(manifest.training().trained()).isTrue();
        assertThat(manifest.files()).containsKey("ood.safetensors");
        BundleManifest.Run run = manifest.training().run().orElseThrow();
        assertThat(run.objective()).isEqualTo("task");
        assertThat(run.tasks()).contains("reverse", "plural");
        assertThat(run.steps()).isEqualTo(3);
        assertThat(run.seconds()).isPositive();
        assertThat(run.validationLoss()).isEmpty();

        Path adapter = folder.resolve("adapter");
        JsonNode generated = Cli.run(
                        "generate",
                        "--prompts",
                        Nano.REVERSE,
                        "-m",
                        Nano.BASE,
                        "--generator",
                        bundle,
                        "--save-to",
                        adapter,
                        "--json")
                .json();
        assertThat(generated).isNotEmpty();
        assertThat(adapter.resolve("adapter_model.safetensors")).isNotEmptyFile();

        // a run that is over goes on with nothing to do, and gives the same bundle again
        JsonNode again = train(Nano.TASKS, bundle, "--replace", true).json();
        assertThat(again.get("loss")).isEqualTo(json.get("loss"));
        assertThat(GeneratorBundle.open(bundle).manifest().files()).isEqualTo(manifest.files());
    }

    @Test
    void train_paperByBothThenContinued_beginsWhereItEnded() throws IOException {
        Path tasks = tasks("copy", "other");
        Path loras = folder.resolve("loras");
        Cli.run(
                        "collect",
                        tasks,
                        "--save-to",
                        loras,
                        "-m",
                        Nano.BASE,
                        "--seeds",
                        2,
                        "--steps",
                        2,
                        "--rank",
                        2,
                        "--batch",
                        2,
                        "--json")
                .ok();
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");

        // when
        JsonNode trained = train(
                        tasks,
                        first,
                        "--family",
                        "paper",
                        "--objective",
                        "recon+task",
                        "--lora-dir",
                        loras,
                        "--stages",
                        "6,5,20:8,4,34",
                        "--validate-every",
                        1)
                .json();
        JsonNode continued = Cli.run(
                        "train",
                        tasks,
                        "--save-to",
                        second,
                        "--init-from",
                        first,
                        "--steps",
                        1,
                        "--learning-rate",
                        "1e-9",
                        "--tasks-per-step",
                        2,
                        "--items-per-task",
                        2,
                        "--validate-every",
                        1,
                        "--json")
                .json();

        // then
        assertThat(trained.get("objective").asString()).isEqualTo("recon+task");
        assertThat(trained.get("validation_loss").asDouble()).isPositive();
        assertThat(continued.get("validation_loss").asDouble())
                .isCloseTo(trained.get("validation_loss").asDouble(), org.assertj.core.data.Offset.offset(1e-3));
        assertThat(GeneratorBundle.open(second).manifest().generator())
                .isEqualTo(GeneratorBundle.open(first).manifest().generator());
        assertThat(GeneratorBundle.open(second).manifest().training().description())
                .contains("bundle " + GeneratorBundle.open(first).sha256());
    }

    @Test
    void train_badInput_isRefusedAndNothingIsWritten() throws IOException {
        Path tasks = tasks("copy");
        Path out = folder.resolve("out");

        train(tasks, out, "--family", "newspaper").refused(2, "--family", "compact");
        train(tasks, out, "--objective", "fame").refused(2, "objective", "recon+task");
        train(tasks, out, "--objective", "recon").refused(2, "--lora-dir", "is missing");
        train(tasks, out, "--lora-dir", folder).refused(2, "--lora-dir", "leave it out");
        train(tasks, out, "--condition-text", "poems").refused(2, "--condition-text", "mixed");
        train(tasks, out, "--chunk", 48).refused(1, "chunk");
        train(tasks, out, "--kernel", 2).refused(2, "--kernel", "odd");
        train(tasks, out, "--stages", "4,4").refused(2, "--stages", "N,L,C");
        train(tasks, out, "--prompts", 100).refused(1, "copy_train.json", "fewer than the 100");
        train(tasks, out, "--items-per-task", 100).refused(1, "copy", "fewer items per task");
        train(tasks, out, "--task-list", "nobody").refused(1, "nobody");
        train(tasks, out, "--preset", "qwen2.5-7b-math").refused(2, "--preset", "base model");
        train(tasks, out, "--learning-rate", "0").refused(2, "--learning-rate");
        train(tasks, out, "--device", "cuda").refused(3, "CUDA");
        train(folder.resolve("nowhere"), out).refused(1, "nowhere");
        train(tasks, out, "--init-from", folder).refused(1, "bundle.json");
        train(tasks, out, "--init-from", Nano.BUNDLE, "--stages", "4,4,4").refused(2, "--init-from");
        assertThat(out).doesNotExist();
        Files.createDirectory(out);
        train(tasks, out).refused(1, "exists already", "--replace");
    }

    @Test
    void train_otherDataInTheRunsFolder_isRefused() throws IOException {
        Path tasks = tasks("copy", "other");
        Path out = folder.resolve("out");
        train(tasks, out).ok();

        train(tasks, out, "--replace", true, "--task-list", "copy").refused(1, "settings", "another run");
    }

    @Test
    void train_wholePoolAtATime_isNotedAndAnotherPoolIsAnotherRun() throws IOException {
        Path tasks = tasks("copy", "other");
        Path out = folder.resolve("out");

        train(tasks, out, "--pool", 6).ok();

        assertThat(GeneratorBundle.open(out).manifest().training().description())
                .contains("conditions of prompts from 6 of each task, from");
        train(tasks, out, "--replace", true, "--pool", 7).refused(1, "settings", "another run");
        train(tasks, out, "--replace", true).refused(1, "settings", "another run");
        train(tasks, out, "--replace", true, "--pool", 5).refused(1, "pool of 5", "the 6 of a condition");
        train(tasks, out, "--replace", true, "--pool", 13).refused(1, "copy_train.json", "fewer than the 13");
    }

    /** Three short steps of a small generator; {@code more} options replace the usual ones or join them. */
    private static Cli train(Path tasks, Path out, Object... more) {
        Map<Object, Object> options = new LinkedHashMap<>();
        options.put("--save-to", out);
        options.put("--rank", 2);
        options.put("--steps", 3);
        options.put("--warmup", 1);
        options.put("--prompts", 6);
        options.put("--length", 12);
        options.put("--slots", 4);
        options.put("--width", 8);
        options.put("--stages", "8,2,32");
        options.put("--tasks-per-step", 2);
        options.put("--items-per-task", 2);
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        List<Object> words = new ArrayList<>(List.of("train", tasks, "--json"));
        options.forEach((option, value) -> {
            words.add(option);
            if (!value.equals(true)) {
                words.add(value);
            }
        });
        if (options.containsKey("--preset")) {
            words.removeAll(List.of("--stages", "8,2,32"));
        }
        return Cli.run(words.toArray());
    }

    private Path tasks(String... names) throws IOException {
        Path tasks = Files.createDirectories(folder.resolve("tasks"));
        for (String name : names) {
            Files.writeString(tasks.resolve(name + "_train.json"), items(name, 0, 12));
            Files.writeString(tasks.resolve(name + "_validation.json"), items(name, 12, 16));
        }
        return tasks;
    }

    private static String items(String name, int from, int to) {
        StringBuilder json = new StringBuilder("[");
        for (int i = from; i < to; i++) {
            json.append(i == from ? "" : ",")
                    .append("{\"prompt\": \"%s %d\", \"response\": \"%d\", \"system\": \"\"}"
                            .formatted(name, i, i * i));
        }
        return json.append("]").toString();
    }
}
