package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.dndllm.engine.ImportFiles;
import org.dndllm.engine.Nano;
import org.dndllm.format.GgmlType;
import org.dndllm.format.Sha256;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.WorldSpec;
import org.dndllm.synth.SyntheticBase;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code dnd import}, and {@code dnd generate --preset}, as a user runs them. */
class ImportCommandIT {
    private static final String CONFIG = """
            {"model_type": "qwen2", "hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 2,
             "num_hidden_layers": 1, "intermediate_size": 64, "vocab_size": 999, "tie_word_embeddings": false}
            """;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path base;

    @BeforeAll
    static void makeBase() {
        base = shared.resolve("tiny.gguf");
        SyntheticBase.write(
                base, ImportFiles.BASE, NanoWorld.of(WorldSpec.standard()).bpeVocabulary(), GgmlType.F32, 7, "tiny");
    }

    private static Object[] line(String... words) {
        return Stream.of(words).toArray();
    }

    private Cli importPlain(Path target, Object... more) {
        return Cli.run(Stream.concat(
                        Stream.of(
                                "import",
                                ImportFiles.PLAIN,
                                "--encoder",
                                ImportFiles.ENCODER,
                                "--base",
                                base,
                                "--save-to",
                                target),
                        Stream.of(more))
                .toArray());
    }

    private static Cli generate(Path model, Path bundle, Path target, Object... more) {
        return Cli.run(Stream.concat(
                        Stream.of(
                                "generate",
                                "-m",
                                model,
                                "--generator",
                                bundle,
                                "--prompts",
                                Nano.REVERSE,
                                "--save-to",
                                target,
                                "--json"),
                        Stream.of(more))
                .toArray());
    }

    @Test
    void import_officialFile_bundleThatGenerateOpens() {
        // when
        Cli run = importPlain(folder.resolve("bundle")).ok();
        JsonNode adapter = generate(base, folder.resolve("bundle"), folder.resolve("adapter"))
                .json();

        // then
        assertThat(run.out())
                .contains(
                        "generator paper, none of the presets", "3 prompts of 24 tokens", "rank 2, alpha 4.0, for tiny")
                .contains("imported from plain-f32.pth", Sha256.of(ImportFiles.PLAIN));
        assertThat(run.err()).isEmpty();
        assertThat(adapter.at("/model/trained").asBoolean()).isTrue();
        assertThat(adapter.get("warnings").toString()).doesNotContain("untrained", "made for");
        assertThat(adapter.at("/effect/max_abs_logit_change").asDouble()).isPositive();
    }

    @Test
    void import_json_oneObject() {
        JsonNode json = importPlain(folder.resolve("bundle"), "--json", "--alpha", "8", "--name", "mine")
                .json();

        assertThat(json.get("name").asString()).isEqualTo("mine");
        assertThat(json.at("/layout/alpha").asDouble()).isEqualTo(8);
        assertThat(json.at("/generator/kernel").asInt()).isEqualTo(3);
        assertThat(json.get("base_sha256").asString()).isEqualTo(Sha256.of(base));
        assertThat(json.get("types").asString()).isEqualTo("F32");
        assertThat(json.get("trained").asBoolean()).isTrue();
        assertThat(json.get("encoder_saved_along").asBoolean()).isFalse();
        assertThat(json.has("preset")).isFalse();
    }

    /** Vocabulary and tie differ from those of the .gguf, as they do between published files; no hash is known. */
    @Test
    void import_baseByItsConfiguration_generatesWithAWarning() throws IOException {
        // given
        Path model = Files.createDirectory(folder.resolve("Tiny-Instruct"));
        Files.writeString(model.resolve("config.json"), CONFIG);

        // when
        JsonNode json = Cli.run(
                        "import",
                        ImportFiles.SUPER_LARGE,
                        "--encoder",
                        ImportFiles.ENCODER,
                        "--base",
                        model,
                        "--save-to",
                        folder.resolve("bundle"),
                        "--json")
                .json();
        Cli run = generate(base, folder.resolve("bundle"), folder.resolve("adapter"));

        // then
        assertThat(json.get("base").asString()).isEqualTo("Tiny-Instruct");
        assertThat(json.has("base_sha256")).isFalse();
        assertThat(run.ok().err()).contains("the bundle was made for Tiny-Instruct and does not say which file");
    }

    @Test
    void import_untrainedPreset_isMarkedAndOfThatPreset() {
        // when
        Cli run = Cli.run(
                "import",
                "--untrained",
                "--preset",
                "compact-qwen2.5-0.5b",
                "--base",
                "qwen2.5-0.5b",
                "--save-to",
                folder.resolve("bundle"),
                "--seed",
                "7");

        // then
        assertThat(run.ok().out())
                .contains("generator compact, compact-qwen2.5-0.5b, 10,461,522 parameters")
                .contains("untrained compact-qwen2.5-0.5b: random weights of seed 7");
        assertThat(run.err()).contains("the encoder holds random numbers too");
        // the preset is as asked for, but the base is not; found before anything is loaded, the preset first
        generate(base, folder.resolve("bundle"), folder.resolve("a"), "--preset", "compact-qwen2.5-0.5b")
                .refused(1, "bundle", "layout", "is for BaseShape[architecture=qwen2, layers=24");
        generate(base, folder.resolve("bundle"), folder.resolve("a"), "--preset", "qwen2.5-0.5b-commonsense")
                .refused(1, "bundle.json", "generator", "but preset qwen2.5-0.5b-commonsense is");
    }

    @Test
    void generate_presetWithoutGenerator_saysWhatToDo() {
        Cli.run("generate", "--preset", "qwen2.5-7b-math", "--prompts", Nano.REVERSE, "--save-to", folder.resolve("a"))
                .refused(
                        2,
                        "--preset",
                        "without weights",
                        "dnd import FILE.pth --preset qwen2.5-7b-math",
                        "--generator");
    }

    @Test
    void generate_bundleForAnotherBase_isRefused() {
        generate(base, Nano.BUNDLE, folder.resolve("a"))
                .refused(1, Nano.BUNDLE.toString(), "layout", "use a bundle made for this base model");
    }

    @ParameterizedTest
    @CsvSource({
        "PTH,         import --base qwen2.5-0.5b --encoder e --save-to b",
        "--encoder,   import a.pth --base qwen2.5-0.5b --save-to b",
        "--untrained, import a.pth --untrained --preset qwen2.5-7b-math --base qwen2.5-7b --save-to b",
        "--untrained, import --untrained --base qwen2.5-7b --save-to b",
        "--preset,    import a.pth --preset llama --encoder e --base qwen2.5-7b --save-to b",
        "--preset,    import a.pth --preset compact-qwen2.5-0.5b --encoder e --base qwen2.5-0.5b --save-to b",
        "--alpha,     import a.pth --alpha much --encoder e --base qwen2.5-0.5b --save-to b",
        "--preset,    generate --preset llama --prompts a.txt --save-to b",
    })
    void wrongFlags_exitCodeTwoAndTheirName(String flag, String words) {
        Cli.run(line(words.split(" "))).refused(2, flag);
    }

    @ParameterizedTest
    @CsvSource({
        "absent.pth, qwen2.5-0.5b, absent.pth: file: does not exist",
        "vocab.txt,  qwen2.5-0.5b, vocab.txt: format: is no zip archive",
        "plain,      qwen2.5-0.5b, plain-f32.pth: model.decoder.module_list.1.linear1.bias: belongs to a generator of 17",
        "plain,      nowhere.gguf, nowhere.gguf: --base: is neither a file",
    })
    void wrongInput_exitCodeOneAndNothingWritten(String file, String model, String message) throws IOException {
        Path input = file.equals("plain")
                ? ImportFiles.PLAIN
                : file.equals("vocab.txt") ? ImportFiles.ENCODER.resolve(file) : folder.resolve(file);

        Cli.run("import", input, "--encoder", ImportFiles.ENCODER, "--base", model, "--save-to", folder.resolve("out"))
                .refused(1, message);

        try (Stream<Path> written = Files.list(folder)) {
            assertThat(written).isEmpty();
        }
    }

    @Test
    void import_existingTarget_needsReplace() {
        Path target = folder.resolve("bundle");
        importPlain(target).ok();
        importPlain(target).refused(1, "bundle", "exists already", "--replace");
        importPlain(target, "--replace").ok();
    }
}
