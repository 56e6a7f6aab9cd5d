package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code dnd experiment report} on three held-out tasks of the embedded set. */
class ExperimentReportIT {
    private static final Path SET = Cli.ROOT.resolve("onnx/nano");
    private static final List<String> TASKS = List.of("first-upper", "third-next", "second-word");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    Path folder;

    /** @param swapped whether every test item has the response of the next one */
    private Path set(boolean swapped) throws IOException {
        Path set = Files.createDirectories(folder.resolve("set-" + swapped));
        Files.createSymbolicLink(set.resolve("base.gguf"), SET.resolve("base.gguf"));
        Files.createSymbolicLink(set.resolve("compact"), SET.resolve("compact"));
        Path tasks = Files.createDirectory(set.resolve("tasks"));
        Files.createDirectory(set.resolve("adapters"));
        for (String task : TASKS) {
            Files.copy(SET.resolve("tasks/" + task + "_train.json"), tasks.resolve(task + "_train.json"));
            JsonNode items = JSON.readTree(SET.resolve("tasks/" + task + "_test.json"));
            Files.writeString(tasks.resolve(task + "_test.json"), swapped ? swapped(items) : items.toString());
            Files.createSymbolicLink(set.resolve("adapters/" + task), SET.resolve("adapters/" + task));
        }
        Files.writeString(
                tasks.resolve("world.json"),
                TASKS.stream()
                        .map(task -> "{\"name\": \"%s\", \"role\": \"held_out\"}".formatted(task))
                        .collect(Collectors.joining(",", "{\"tasks\": [", "]}")));
        return set;
    }

    private static String swapped(JsonNode items) {
        ArrayNode changed = JSON.createArrayNode();
        for (int i = 0; i < items.size(); i++) {
            ObjectNode item = (ObjectNode) items.get(i).deepCopy();
            item.put(
                    "response",
                    items.get((i + 1) % items.size()).get("response").asString());
            changed.add(item);
        }
        return changed.toString();
    }

    private Cli report(Path set, Object... more) {
        List<Object> all = new ArrayList<>(List.of(
                "experiment", "report", "--only", "controls", "--items", 20, "--seeds", 1, "-t", 1, "--set", set));
        all.addAll(List.of(more));
        return Cli.run(all.toArray());
    }

    private static Map<String, String> verdicts(JsonNode json) {
        Map<String, String> verdicts = new LinkedHashMap<>();
        StreamSupport.stream(json.at("/verdicts").spliterator(), false)
                .forEach(each -> verdicts.put(
                        each.get("claim").asString(), each.get("verdict").asString()));
        return verdicts;
    }

    @Test
    void report_swappedLabels_changeTheVerdict() throws IOException {
        // given
        String claim = "Generated adapters beat the base model on unseen tasks.";
        Path work = folder.resolve("work");
        Path set = set(false);

        // when
        JsonNode right = report(set, "--work", work, "--json").json();
        JsonNode wrong =
                report(set(true), "--work", folder.resolve("swapped"), "--json").json();

        // then
        assertThat(verdicts(right)).containsEntry(claim, "supported");
        assertThat(verdicts(wrong)).containsEntry(claim, "not supported");
        assertThat(right.at("/jobs/nearest/measured").asBoolean()).isFalse();
        assertThat(verdicts(right)).containsEntry("They beat the nearest training LoRA.", "not tested");
        assertThat(right.at("/jobs/generated/measures/prompts_to_attached_ms").asDouble())
                .isPositive();
        assertThat(right.at("/provenance/inputs/base_sha256").asString()).hasSize(64);
        assertThat(right.at("/provenance/command").asString()).startsWith("dnd experiment report --only controls");

        // and: again, nothing is run; with other settings it is refused, and the report stays
        Cli again = report(set, "--work", work);
        assertThat(again.ok().err()).contains("7 of 7 jobs are done already");
        assertThat(again.out()).contains("report.html", "supported");
        Cli.run("experiment", "report", "--only", "controls", "--items", 19, "--seeds", 1, "--set", set, "--work", work)
                .refused(1, "inputs", "another folder for the work");
        assertThat(work.resolve("report/report.html")).content().contains("Verdicts");
        assertThat(work.resolve("report/accuracies.csv")).content().contains("generated,first-upper,seed 1,20");
    }

    @Test
    void report_interrupted_goesOnWhereItStopped() throws IOException {
        // given: one job's result is gone, another's is marked
        Path set = set(false);
        Path work = folder.resolve("work");
        report(set, "--work", work).ok();
        Path base = work.resolve("trials/base/result.json");
        Files.writeString(base, Files.readString(base).replace("\"remark\": \"\"", "\"remark\": \"kept\""));
        Files.delete(work.resolve("trials/junk/result.json"));

        // when
        Cli half = report(set, "--work", work, "--no-run", "--json");
        Cli whole = report(set, "--work", work, "--json");

        // then
        assertThat(half.json().at("/jobs").has("junk")).isFalse();
        assertThat(verdicts(half.json())).containsValue("not tested");
        assertThat(whole.json().at("/jobs/base/remark").asString()).isEqualTo("kept");
        assertThat(whole.json().at("/jobs/junk/measured").asBoolean()).isTrue();
        assertThat(whole.err()).contains("6 of 7 jobs are done already", "1 of 1  junk");
        try (var files = Files.list(work)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("trials", "report");
        }
    }

    @Test
    void report_brokenAdapters_calledOutByName() throws IOException {
        // given
        Path set = set(false);
        LoraWeights sound = PeftAdapter.read(SET.resolve("adapters/third-next"), shape());
        Path zeroed = gguf("zeroed", times(sound, 0));
        Path flipped = gguf("flipped", times(sound, -1));
        Path healthy = gguf("healthy", sound);
        Path notNumbers = Files.createDirectory(folder.resolve("nan"));
        PeftAdapter.fill(notNumbers, sound.withDtype(DType.F32), Map.of());
        byte[] bytes = Files.readAllBytes(notNumbers.resolve(PeftAdapter.WEIGHTS_FILE));
        for (int i = bytes.length - 4; i < bytes.length; i++) {
            bytes[i] = (byte) 0xFF; // the last value becomes a NaN
        }
        Files.write(notNumbers.resolve(PeftAdapter.WEIGHTS_FILE), bytes);

        // when
        Cli run = report(
                set,
                "--work",
                folder.resolve("work"),
                "--no-run",
                "--json",
                "--adapter",
                zeroed,
                "--adapter",
                "third-next=" + flipped,
                "--adapter",
                "third-next=" + healthy,
                "--adapter",
                notNumbers);

        // then
        JsonNode adapters = run.json().at("/adapters");
        assertThat(adapters.get(0).toString()).contains("zeroed.gguf", "ZERO");
        assertThat(adapters.get(1).toString()).contains("flipped.gguf", "SIGN_FLIPPED");
        assertThat(adapters.get(2).get("broken").asBoolean())
                .as(adapters.get(2).toString())
                .isFalse();
        assertThat(adapters.get(3).toString()).contains("nan", "NON_FINITE");
        assertThat(folder.resolve("work/report/report.html"))
                .content()
                .contains("zeroed.gguf", "flipped.gguf", "BROKEN", "nothing found", "NON_FINITE");
    }

    private static BaseShape shape() {
        try (GgufFile base = GgufFile.open(SET.resolve("base.gguf"))) {
            return BaseShape.fromGguf(base);
        }
    }

    private Path gguf(String name, LoraWeights weights) {
        Path file = folder.resolve(name + ".gguf");
        GgufAdapter.write(file, weights, GgmlType.F32);
        return file;
    }

    private static LoraWeights times(LoraWeights weights, float factor) {
        List<LoraTensor> scaled = new ArrayList<>();
        for (LoraTensor pair : weights.tensors()) {
            float[] b = pair.b().clone();
            for (int i = 0; i < b.length; i++) {
                b[i] *= factor;
            }
            scaled.add(new LoraTensor(pair.layer(), pair.module(), pair.a(), b));
        }
        return LoraWeights.of(weights.shape(), weights.rank(), weights.alpha(), DType.F32, scaled);
    }

    @Test
    void report_badFlags_refused() throws IOException {
        Path work = folder.resolve("work");
        Cli.run("experiment", "report", "--only", "fame", "--work", work).refused(2, "--only", "in-context");
        Cli.run("experiment", "report", "--items", -1, "--work", work).refused(2, "--items");
        Cli.run("experiment", "report", "--seeds", 0, "--work", work).refused(2, "--seeds");
        Cli.run("experiment", "rank", "--work", work).refused(2, "NAME", "report --only rank");
        Path set = set(false);
        report(set, "--no-run", "--work", work, "--adapter", "fame=x.gguf").refused(2, "--adapter", "fame");
        report(set, "--no-run", "--work", work, "--adapter", "gone.gguf").refused(1, "gone.gguf");
    }
}
