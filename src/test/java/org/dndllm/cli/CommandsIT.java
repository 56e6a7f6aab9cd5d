package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.dndllm.engine.Nano;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Every command as a user runs it: exit code, standard output, standard error. */
class CommandsIT {
    private static final Path RESOURCES = Cli.ROOT.resolve("src/test/resources");
    private static final Path PEFT = RESOURCES.resolve("lora/peft-tiny");

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path adapter;

    @BeforeAll
    static void generate() {
        adapter = shared.resolve("adapter");
        Cli.run("generate", "--generator", Nano.BUNDLE, "--prompts", Nano.REVERSE, "--save-to", adapter)
                .ok();
    }

    @Test
    void demo_text_showsEveryStep() throws IOException {
        Path chart = folder.resolve("new/chart.png");
        Cli run = Cli.run("demo", "--generator", Nano.BUNDLE, "--items", 4, "-n", 2, "--chart", chart)
                .ok();

        assertThat(run.out())
                .contains("task   ", "(held_out)", "to see this again: dnd demo --task ")
                .contains(
                        "base  ", "generator nano", "prompt  ", "condition [16 prompts", "adapter   rank 4", "norms  ")
                .contains("effect  ", "timings   encode", "attach ", "logits bit-identical to before: yes")
                .contains("expected  \"", "4 test items", "generated adapter", "chart     " + chart)
                .containsPattern("few-shot .* --all-controls measures it");
        assertThat(run.err()).contains("untrained weights");
        assertThat(run.out()).doesNotContain("warning");
        assertThat(ImageIO.read(chart.toFile()).getWidth()).isGreaterThan(500);
    }

    @Test
    void demo_json_oneObjectWithStagesAndIdentity() {
        JsonNode json = demo(Nano.BUNDLE, "first-upper", 3);

        assertThat(json.get("identical_after_detach").asBoolean()).isTrue();
        assertThat(json.get("task").asString()).isEqualTo("first-upper");
        assertThat(json.get("text_detached")).isEqualTo(json.get("text_base"));
        assertThat(json.get("timings_ms").propertyNames())
                .containsExactlyInAnyOrder("encode", "generate", "detokenize", "convert", "load", "attach", "effect");
        assertThat(json.get("effect").get("max_abs_logit_change").asDouble()).isPositive();
        assertThat(json.get("warnings").get(0).asString()).contains("untrained weights");
        assertThat(json.get("model").get("trained").asBoolean()).isFalse();
        assertThat(json.get("prompts").get("seed").asInt()).isEqualTo(3);
        assertThat(json.at("/scores/summary/controls").propertyNames())
                .containsExactly("base", "generated", "nearest", "multitask", "shuffled", "junk", "own_labels");
        assertThat(json.at("/scores/summary/controls/generated/accuracy/high").asDouble())
                .isPositive();
        assertThat(json.get("not_measured").propertyNames())
                .containsExactlyInAnyOrder("training_mean", "training_best", "few_shot");
        assertThat(json.get("expected").asString()).isNotBlank();
    }

    @Test
    void demo_sameSeed_sameTaskAndAnswers() {
        JsonNode once = Cli.run(demo("--seed", 5)).json();
        JsonNode again = Cli.run(demo("--seed", 5)).json();
        JsonNode other = Cli.run(demo("--seed", 6)).json();

        assertThat(again.get("task")).isEqualTo(once.get("task"));
        assertThat(again.get("text_adapter")).isEqualTo(once.get("text_adapter"));
        assertThat(again.at("/scores/summary/controls")).isEqualTo(once.at("/scores/summary/controls"));
        assertThat(List.of(other.get("task"), other.get("question")))
                .isNotEqualTo(List.of(once.get("task"), once.get("question")));
    }

    @Test
    void demo_otherBaseOfTheSameShape_hasNoTrainedLoras() throws IOException {
        Path base = Files.copy(Nano.BASE, folder.resolve("base.gguf"));

        JsonNode json = Cli.run(demo("--task", "first-upper", "-m", base)).json();

        assertThat(json.at("/scores/summary/controls/own_labels/measured").asBoolean())
                .isFalse();
        assertThat(json.at("/scores/summary/controls/own_labels/remark").asString())
                .contains("no folder of trained LoRAs");
    }

    private JsonNode demo(Path generator, String task, int seed) {
        return Cli.run(demo("--generator", generator, "--task", task, "--seed", seed))
                .json();
    }

    /** A few items, short answers, the chart out of the way. */
    private Object[] demo(Object... more) {
        return Stream.concat(
                        Stream.of("demo", "--items", 4, "-n", 2, "--json", "--chart", folder.resolve("chart.png")),
                        Stream.of(more))
                .toArray();
    }

    @Test
    void demo_unknownTask_listsTheTasks() {
        Cli.run("demo", "--task", "unknown").refused(2, "unknown", "first-upper", "digit-reverse");
    }

    @ParameterizedTest
    @ValueSource(strings = {"p.json", "p.jsonl", "p.csv", "p.txt"})
    void generate_everyFormat_writesTheSameAdapter(String name) throws IOException {
        // given: the same two prompts in each format
        String text = switch (name) {
            case "p.json" -> "[{\"prompt\": \"first word\"}, \"second word\"]";
            case "p.jsonl" -> "{\"prompt\": \"first word\"}\n\"second word\"\n";
            case "p.csv" -> "id,prompt\n1,first word\n2,second word\n";
            default -> "first word\n\nsecond word\n";
        };
        Path prompts = Files.writeString(folder.resolve(name), text);
        Path target = folder.resolve("out");

        // when
        Cli run = Cli.run("generate", "--generator", Nano.BUNDLE, "--prompts", prompts, "--save-to", target)
                .ok();

        // then
        assertThat(run.out()).contains("written   " + target);
        assertThat(run.err()).contains("warning: only 2 prompts", "untrained");
        assertThat(tensors(target)).isEqualTo(twoPrompts());
    }

    @Test
    void generate_standardInput_readsIt() {
        Path target = folder.resolve("out");
        Cli run = withInput(
                "first word\nsecond word\n",
                () -> Cli.run("generate", "--generator", Nano.BUNDLE, "--prompts", "-", "--save-to", target, "--json"));

        JsonNode json = run.json();
        assertThat(json.get("prompts").get("source").asString()).isEqualTo("<stdin>");
        assertThat(json.get("written").asString()).isEqualTo(target.toString());
        assertThat(tensors(target)).isEqualTo(twoPrompts());
    }

    @Test
    void generate_folderExists_refusedUntilReplaced() throws IOException {
        // given
        Path target = folder.resolve("out");
        Cli.run("generate", "--prompts", Nano.REVERSE, "--save-to", target).ok();
        byte[] before = Files.readAllBytes(target.resolve("dnd.json"));
        Map<String, List<Byte>> weights = tensors(target);

        // when, then
        Cli.run("generate", "--prompts", Nano.ADDITION, "--save-to", target)
                .refused(1, target.toString(), "exists already", "--replace");
        assertThat(target.resolve("dnd.json")).hasBinaryContent(before);

        // when, then
        Cli.run("generate", "--prompts", Nano.ADDITION, "--save-to", target, "--replace")
                .ok();
        assertThat(tensors(target)).isNotEqualTo(weights);
        assertThat(folder).isDirectoryContaining(file -> file.equals(target));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(target);
        }
    }

    @Test
    void generate_replaceOfSomethingElse_refusedAndUntouched() throws IOException {
        Path mine = Files.writeString(folder.resolve("thesis.txt"), "years of work");

        Cli.run("generate", "--prompts", Nano.REVERSE, "--save-to", folder, "--replace")
                .refused(1, folder.toString(), "not an adapter");

        assertThat(mine).hasContent("years of work");
    }

    @Test
    void generate_badPrompts_refusedNamingFileAndNothingWritten() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.txt"));
        Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', '\n', (byte) 0xe9, '\n'});
        Path target = folder.resolve("out");

        Cli.run("generate", "--prompts", empty, "--save-to", target).refused(1, empty.toString());
        Cli.run("generate", "--prompts", latin, "--save-to", target).refused(1, latin.toString(), "line 2", "UTF-8");
        Cli.run("generate", "--prompts", folder.resolve("absent.txt"), "--save-to", target)
                .refused(1, "absent.txt", "does not exist");
        assertThat(target).doesNotExist();
    }

    @Test
    void generate_contextTooShortForTheProbe_refusedPlainly() {
        Cli.run("generate", "--prompts", Nano.REVERSE, "--save-to", folder.resolve("out"), "-c", 8)
                .refused(1, "context");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void convert_peftToGgufAndBack_sameTensors() {
        // when
        Path gguf = folder.resolve("a.gguf");
        Path back = folder.resolve("back");
        JsonNode there =
                Cli.run("convert", PEFT, gguf, "--base", PEFT, "--json").json();
        Cli again = Cli.run("convert", gguf, back, "--base", PEFT.resolve("config.json"))
                .ok();

        // then
        assertThat(there.get("target").asString()).isEqualTo(gguf.toString());
        assertThat(again.out()).contains(gguf + " -> " + back);
        assertThat(tensors(back)).isEqualTo(tensors(PEFT));
    }

    @Test
    void convert_toQ8_writesQuantizedTensors() {
        Path gguf = folder.resolve("q8.gguf");
        Cli.run("convert", adapter, gguf, "--base", Nano.BASE, "--type", "q8_0").ok();

        JsonNode json = Cli.run("inspect", gguf, "--json").json().get(gguf.toString());
        assertThat(json.get("types").propertyNames()).contains("Q8_0");
        Cli.run("chat", "--lora", gguf, "--prompt", "hello", "-n", 2).ok();
    }

    @Test
    void convert_wrongUse_refusedAndNothingWritten() throws IOException {
        Path gguf = folder.resolve("a.gguf");

        Cli.run("convert", PEFT, gguf, "--base", "qwen2.5-0.5b").refused(1, PEFT.toString());
        Cli.run("convert", PEFT, gguf, "--base", "qwen9").refused(1, "qwen9", "qwen2.5-0.5b");
        Cli.run("convert", PEFT, gguf, "--base", PEFT, "--type", "q2_k").refused(2, "--type", "q2_k", "q8_0");
        Cli.run("convert", folder.resolve("absent"), gguf, "--base", PEFT).refused(1, "absent");
        Cli.run("convert", Nano.BASE, folder.resolve("b"), "--base", PEFT).refused(1, Nano.BASE.toString());
        assertThat(gguf).doesNotExist();
        assertThat(folder.resolve("b")).doesNotExist();

        Files.writeString(gguf, "precious");
        Cli.run("convert", PEFT, gguf, "--base", PEFT).refused(1, gguf.toString(), "exists already");
        assertThat(gguf).hasContent("precious");
        Cli.run("convert", PEFT, gguf, "--base", PEFT, "--replace").ok();
        Path notes = Files.createDirectory(folder.resolve("notes"));
        Files.createFile(notes.resolve("diary.txt"));
        Cli.run("convert", gguf, notes, "--base", PEFT, "--replace").refused(1, notes.toString(), "not an adapter");
        Cli.run("convert", gguf, folder, "--base", PEFT, "--replace").refused(1, folder.toString(), "its own source");
        Cli.run("convert", PEFT, folder, "--base", PEFT, "--replace").refused(1, folder.toString(), "folder");
        assertThat(gguf).exists();
    }

    @Test
    void inspect_generatedAdapter_showsRankAndModules() {
        assertThat(Cli.run("inspect", adapter).ok().out()).contains("rank 4", "q_proj");
    }

    @Test
    void doctor_thisMachine_allWell() {
        assertThat(Cli.run("doctor").ok().out())
                .contains("llama.cpp", "onnxruntime", "nano set", "generators [compact ", "all well");

        JsonNode json = Cli.run("doctor", "--json").json();
        assertThat(json.get("problems")).isEmpty();
        assertThat(json.has("java")).isTrue();
    }

    static Cli withInput(String text, java.util.function.Supplier<Cli> command) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        try {
            return command.get();
        } finally {
            System.setIn(before);
        }
    }

    private static Map<String, List<Byte>> twoPrompts() {
        Path reference = shared.resolve("two-prompts");
        if (!Files.exists(reference)) {
            withInput(
                            "first word\nsecond word",
                            () -> Cli.run(
                                    "generate", "--generator", Nano.BUNDLE, "--prompts", "-", "--save-to", reference))
                    .ok();
        }
        return tensors(reference);
    }

    /** Content of every tensor of a PEFT folder, by name. */
    private static Map<String, List<Byte>> tensors(Path peft) {
        Map<String, List<Byte>> content = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(peft.resolve(PeftAdapter.WEIGHTS_FILE))) {
            for (String name : file.names()) {
                byte[] bytes = file.tensor(name).data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
                List<Byte> boxed = new java.util.ArrayList<>(bytes.length);
                for (byte each : bytes) {
                    boxed.add(each);
                }
                content.put(
                        name + " " + file.tensor(name).dtype()
                                + file.tensor(name).shape(),
                        boxed);
            }
        }
        return content;
    }
}
