package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dndllm.engine.Nano;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code dnd collect} on small data and the embedded base model. */
class CollectCommandIT {
    private static final Path BASE = Nano.BASE;

    @TempDir
    Path folder;

    @Test
    void collect_seeds_writesComparableAdaptersAndSkipsThemLater() throws IOException {
        tasks("copy", "other");
        Path out = folder.resolve("out");

        // when
        JsonNode first = collect(out, "--seeds", 2, "--tasks", "copy").json();
        JsonNode second = collect(out, "--seeds", 3).json();

        // then
        assertThat(first.get("tasks").get(0).get("written").size()).isEqualTo(2);
        assertThat(second.get("tasks").get(0).get("written").size()).isEqualTo(1);
        assertThat(second.get("tasks").get(0).get("skipped").asInt()).isEqualTo(2);
        assertThat(second.get("tasks").get(1).get("written").size()).isEqualTo(3);
        LoraWeights one = read(out.resolve("copy/seed-1"));
        LoraWeights two = read(out.resolve("copy/seed-2"));
        assertThat(one.rank()).isEqualTo(2);
        assertThat(one.alpha()).isEqualTo(4);
        assertThat(one.tensors().getFirst().b())
                .isNotEqualTo(two.tensors().getFirst().b());
        // A hardly moved in three steps from the one that they share
        for (int i = 0; i < one.tensors().getFirst().a().length; i++) {
            assertThat(Math.abs(one.tensors().getFirst().a()[i]
                            - two.tensors().getFirst().a()[i]))
                    .isLessThan(0.05f);
        }
        JsonNode provenance =
                JsonMapper.builder().build().readTree(Files.readString(out.resolve("copy/seed-2/dnd.json")));
        assertThat(provenance.get("settings").get("training").get("seed").asInt())
                .isEqualTo(2);
        assertThat(provenance.get("data").get("task").asString()).isEqualTo("copy");
        assertThat(provenance.get("base").get("sha256").asString()).hasSize(64);
        assertThat(out.resolve("copy/runs/seed-1/metrics.jsonl")).exists();
        try (var left = Files.list(out.resolve("copy/runs/seed-1/checkpoints"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void collect_official_takesDenseSnapshots() throws IOException {
        tasks("copy");
        Path out = folder.resolve("out");

        collect(out, "--recipe", "official", "--snapshots", 3, "--every", 2, "--second-rate", "1e-3")
                .ok();

        assertThat(out.resolve("copy/step-000005")).isDirectory();
        assertThat(out.resolve("copy/step-000007")).isDirectory();
        assertThat(out.resolve("copy/step-000009")).isDirectory();
        assertThat(Files.readString(out.resolve("copy/step-000007/dnd.json"))).contains("\"steps\": 7");
        JsonNode again = collect(out, "--recipe", "official", "--snapshots", 3, "--every", 2, "--second-rate", "1e-3")
                .json();
        assertThat(again.get("tasks").get(0).get("skipped").asInt()).isEqualTo(3);
    }

    @Test
    void collect_otherSettingsInTheFolder_areRefused() throws IOException {
        tasks("copy");
        Path out = folder.resolve("out");
        collect(out, "--seeds", 1).ok();

        collect(out, "--seeds", 1, "--learning-rate", "1e-3").refused(1, "settings", "another folder");
    }

    @Test
    void collect_trainingItemInTheTestSplit_isRefused() throws IOException {
        tasks("copy");
        Files.copy(folder.resolve("tasks/copy_train.json"), folder.resolve("tasks/copy_test.json"));

        collect(folder.resolve("out")).refused(1, "item 1", "also in the test split");
    }

    @Test
    void collect_badInput_isRefused() throws IOException {
        Path tasks = Files.createDirectory(folder.resolve("tasks"));
        collect(folder.resolve("out")).refused(1, "no *_train.json");

        Files.writeString(tasks.resolve("a_train.json"), "[{\"prompt\": \"x\", \"response\": \" \"}]");
        collect(folder.resolve("out")).refused(1, "response", "is blank");

        Files.writeString(tasks.resolve("a_train.json"), "{}");
        collect(folder.resolve("out")).refused(1, "not a list");

        tasks("a");
        collect(folder.resolve("out"), "--tasks", "b").refused(2, "--tasks", "'b'");
        collect(folder.resolve("out"), "--shard", "3/2").refused(2, "--shard");
        collect(folder.resolve("out"), "--modules", "lm_head").refused(2, "--modules", "q_proj");
        collect(folder.resolve("out"), "--recipe", "official", "--patience", 2).refused(2, "--patience");
        collect(folder.resolve("out"), "--device", "cuda").refused(3, "CUDA");
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        collect(file.resolve("out")).refused(3, "cannot be made");
    }

    @Test
    void collect_withoutLibTorch_exitCodeThree() throws IOException, InterruptedException {
        tasks("copy");
        String path = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("bytedeco"))
                .collect(Collectors.joining(File.pathSeparator));
        Path err = folder.resolve("err");

        // when
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        path,
                        "org.dndllm.cli.Main",
                        "collect",
                        folder.resolve("tasks").toString(),
                        "--save-to",
                        folder.resolve("out").toString(),
                        "-m",
                        BASE.toString()))
                .redirectError(err.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();

        // then
        assertThat(process.waitFor()).isEqualTo(3);
        assertThat(Files.readString(err, StandardCharsets.UTF_8))
                .startsWith("dnd: training needs LibTorch")
                .contains("scripts/dnd")
                .hasLineCount(1);
    }

    /** Three short steps; {@code more} options replace the usual ones or join them. */
    private Cli collect(Path out, Object... more) {
        Map<Object, Object> options = new LinkedHashMap<>();
        options.put("--save-to", out);
        options.put("-m", BASE);
        options.put("--steps", 3);
        options.put("--rank", 2);
        options.put("--batch", 2);
        options.put("--learning-rate", "5e-3");
        options.put("--warmup", 1);
        for (int i = 0; i < more.length; i += 2) {
            options.put(more[i], more[i + 1]);
        }
        List<Object> words = new ArrayList<>(List.of("collect", folder.resolve("tasks"), "--json"));
        options.forEach((option, value) -> words.addAll(List.of(option, value)));
        return Cli.run(words.toArray());
    }

    private void tasks(String... names) throws IOException {
        Path tasks = Files.createDirectories(folder.resolve("tasks"));
        for (String name : names) {
            StringBuilder json = new StringBuilder("[");
            for (int i = 0; i < 6; i++) {
                json.append(i == 0 ? "" : ",")
                        .append("{\"prompt\": \"%s %d\", \"response\": \"%d\", \"system\": \"\"}"
                                .formatted(name, i, i * i));
            }
            Files.writeString(tasks.resolve(name + "_train.json"), json.append("]"));
        }
    }

    private static LoraWeights read(Path adapter) {
        try (GgufFile base = GgufFile.open(BASE)) {
            return PeftAdapter.read(adapter, BaseShape.fromGguf(base));
        }
    }
}
