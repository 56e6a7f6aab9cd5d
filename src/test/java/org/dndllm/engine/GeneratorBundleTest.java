package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.format.Sha256;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorBundleTest {
    private static final String HASH = "5".repeat(64);

    @TempDir
    Path folder;

    @Test
    void open_nanoBundle_readsEverything() {
        GeneratorBundle bundle = GeneratorBundle.open(Nano.BUNDLE);

        assertThat(bundle.sha256()).isEqualTo(Sha256.of(Nano.BUNDLE.resolve("bundle.json")));
        assertThat(bundle.prompts()).isEqualTo(16);
        assertThat(bundle.length()).isEqualTo(48);
        assertThat(bundle.manifest().files()).containsKey("generator.onnx");
    }

    @Test
    void seal_sameContent_opensEqual() {
        // given
        GeneratorBundle nano = GeneratorBundle.open(Nano.BUNDLE);
        Path copy = Nano.bundleCopy(folder, json -> "");
        BundleManifest manifest = nano.manifest();

        // when
        GeneratorBundle sealed = GeneratorBundle.seal(
                copy, manifest.name(), manifest.generator(), manifest.layout(), manifest.base(), manifest.training());

        // then
        assertThat(sealed.manifest()).isEqualTo(manifest);
    }

    @Test
    void seal_trainedBundle_keepsItsRun() {
        Path copy = Nano.bundleCopy(folder, json -> "");
        BundleManifest nano = GeneratorBundle.open(Nano.BUNDLE).manifest();
        BundleManifest.Run run = new BundleManifest.Run(
                "recon+task", ConditionText.MIXED, List.of("a", "b"), 100, 60, 12.5, OptionalDouble.of(0.25));
        BundleManifest.Training training = new BundleManifest.Training(true, "two tasks", 3, Optional.of(run));

        GeneratorBundle sealed =
                GeneratorBundle.seal(copy, "trained", nano.generator(), nano.layout(), nano.base(), training);

        assertThat(sealed.manifest().training()).isEqualTo(training);
        assertThat(nano.training().run()).as("bundles made before").isEmpty();
    }

    private static MeasuredResults results(String bundle) {
        MeasuredResults.Interval interval = new MeasuredResults.Interval(0.5, 0.25, 0.75);
        return new MeasuredResults(
                "dnd eval --record",
                Instant.parse("2026-01-31T12:00:00Z"),
                HASH,
                bundle,
                List.of(1L, 2L),
                16,
                List.of(new MeasuredResults.Task("a", 20, HASH, HASH, 0.5)),
                List.of(
                        new MeasuredResults.Row("base", Optional.of(interval), Optional.of(interval), "a remark"),
                        new MeasuredResults.Row("junk", Optional.empty(), Optional.empty(), "")),
                Optional.of(interval));
    }

    @Test
    void withResults_opensWithThemAndKeepsAllElse() {
        // given
        Path copy = Nano.bundleCopy(folder, json -> json);
        GeneratorBundle before = GeneratorBundle.open(copy);

        // when
        GeneratorBundle after = before.withResults(results(before.sha256()), false);

        // then
        assertThat(GeneratorBundle.open(copy)).isEqualTo(after);
        assertThat(after.manifest().results()).contains(results(before.sha256()));
        assertThat(after.manifest().files()).isEqualTo(before.manifest().files());
        assertThat(after.sha256()).isNotEqualTo(before.sha256());

        // and: a second time only when asked to
        assertThatThrownBy(() -> after.withResults(results(after.sha256()), false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("results")
                .hasMessageContaining("let them be replaced");
        assertThat(after.withResults(results(after.sha256()), true).manifest().results())
                .contains(results(after.sha256()));
    }

    @Test
    void withResults_ofAnotherBundle_refused() {
        GeneratorBundle bundle = GeneratorBundle.open(Nano.bundleCopy(folder, json -> json));
        assertThatThrownBy(() -> bundle.withResults(results(HASH), false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("measured on the bundle " + HASH);
        assertThat(GeneratorBundle.open(bundle.folder())).isEqualTo(bundle);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2026-01-31T12:00:00Z | yesterday | results.date",
                "\"seeds\": \\[1, 2\\] | \"seeds\": [1, 2.5] | results.seeds",
                "\"task\": \"a\" | \"tusk\": \"a\" | task",
                "\"train_sha256\": \"5+\" | \"train_sha256\": \"5\" | train_sha256",
                "\"max_tokens\": 16 | \"max_tokens\": \"16\" | results.max_tokens",
                "(?s)\"table\": \\[.*?\\n    \\] | \"table\": [] | results.table",
                "\"low\": 0.25 | \"low\": null | low",
            })
    void open_malformedResults_throwsNamingTheField(String pattern, String replacement, String field)
            throws IOException {
        // given
        Path copy = Nano.bundleCopy(folder, json -> json);
        GeneratorBundle before = GeneratorBundle.open(copy);
        before.withResults(results(before.sha256()), false);
        Path manifest = copy.resolve("bundle.json");
        String json = Files.readString(manifest);
        String edited = json.replaceFirst(pattern, replacement);
        assertThat(edited).as("the edit must hit").isNotEqualTo(json);
        Files.writeString(manifest, edited);

        // when, then
        assertThatThrownBy(() -> GeneratorBundle.open(copy))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(manifest.toString())
                .hasMessageContaining(field);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void open_malformedManifest_refusedNamingFileAndField(String problem, UnaryOperator<String> edit, String field) {
        // given
        Path bundle = Nano.bundleCopy(folder, json -> {
            String edited = edit.apply(json);
            assertThat(edited).as("the edit must hit").isNotEqualTo(json);
            return edited;
        });

        // when, then
        assertThatThrownBy(() -> GeneratorBundle.open(bundle))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source())
                            .as(e.getMessage())
                            .isEqualTo(bundle.resolve("bundle.json").toString());
                    assertThat(e.field()).as(e.getMessage()).contains(field);
                });
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                edit("not JSON", "^\\{", "", ""),
                edit("empty", "(?s).*", "", ""),
                edit("not an object", "(?s).*", "[]", "$"),
                edit("cut in the middle", "(?s)\"base\": \\{\\s*\"name\".*", "", ""),
                edit("key twice", "\"version\": 1,", "\"version\": 1, \"version\": 1,", ""),
                edit("wrong format", "dnd-generator-bundle", "other", "format"),
                edit("format absent", "\"format\": \"dnd-generator-bundle\",", "", "format"),
                edit("format is a number", "\"dnd-generator-bundle\"", "7", "format"),
                edit("wrong version", "\"version\": 1", "\"version\": 2", "version"),
                edit("version is a string", "\"version\": 1", "\"version\": \"1\"", "version"),
                edit("version absent", "\"version\": 1,", "", "version"),
                edit("name absent", "\"name\": \"nano-paper-untrained\",", "", "name"),
                edit("generator absent", "\"generator\":", "\"generators\":", "generator"),
                edit("unknown family", "\"family\": \"paper\"", "\"family\": \"newspaper\"", "generator"),
                edit("kernel of zero", "\"kernel\": 5", "\"kernel\": 0", "generator"),
                edit("kernel is text", "\"kernel\": 5", "\"kernel\": \"five\"", "kernel"),
                edit("stages absent", "\"stages\"", "\"stage\"", "stages"),
                edit("stage of two extents", "\\[16, 48, 64\\]", "[16, 48]", "stages"),
                edit("stage of zero", "\\[16, 48, 64\\]", "[0, 48, 64]", "stages"),
                edit("stage beyond int", "\\[16, 48, 64\\]", "[99999999999, 48, 64]", "stages"),
                edit("stages disagree with the layout", "(\\[\\d+, \\d+), 34\\]", "$1, 36]", "generator.stages"),
                edit("layout absent", "\"layout\"", "\"lay-out\"", "layout"),
                edit("layout version", "\"format\": 1,", "\"format\": 9,", "layout.format"),
                edit("rank of zero", "\"rank\": 4", "\"rank\": 0", "rank"),
                edit("rank beyond int", "\"rank\": 4", "\"rank\": 4000000000", "rank"),
                edit("alpha infinite", "\"alpha\": 512.0", "\"alpha\": 1e200", "alpha"),
                edit("odd chunk", "\"chunk\": 32", "\"chunk\": 31", "chunk"),
                edit("unknown token form", "\"chunk\": 32", "\"chunk\": 32, \"form\": \"bare\"", "layout.form"),
                edit("form is a number", "\"chunk\": 32", "\"chunk\": 32, \"form\": 1", "layout.form"),
                edit("plain, stages with a border", "\"chunk\": 32", "\"chunk\": 32, \"form\": \"plain\"", "stages"),
                edit("plain, chunk divides no width", "\"chunk\": 32", "\"chunk\": 48, \"form\": \"plain\"", "chunk"),
                edit("compact without slots", "\"family\": \"paper\"", "\"family\": \"compact\"", "slots"),
                edit("unknown module", "\"q_proj\"", "\"r_proj\"", "modules"),
                edit("module twice", "\"q_proj\", \"k_proj\"", "\"q_proj\", \"q_proj\"", "modules"),
                edit("no modules", "\"modules\": \\[[^\\]]*\\]", "\"modules\": []", "modules"),
                edit("token count", "\"tokens\": (\\d+)", "\"tokens\": 1$1", "tokens"),
                edit("shape without layers", "\"layers\": \\d+,", "", "layers"),
                edit("shape of negative layers", "\"layers\": ", "\"layers\": -", "layers"),
                edit("unknown architecture", "\"qwen2\"", "\"llama\"", "architecture"),
                edit("base absent", "\"base\": \\{\\s*\"name\"", "\"basis\": {\"name\"", "base"),
                edit("base hash too short", "(\"sha256\": \")[0-9a-f]{60}", "$1", "base.sha256"),
                edit("training absent", "\"training\"", "\"trained\"", "training"),
                edit("trained is text", "\"trained\": false", "\"trained\": \"no\"", "training.trained"),
                edit("seed is a fraction", "\"seed\": 250616406", "\"seed\": 2.5", "training.seed"),
                edit("files absent", "\"files\"", "\"file\"", "files"),
                edit("generator not listed", "\"generator.onnx\": \"[0-9a-f]*\",", "", "files"),
                edit("file in a folder", "\"vocab.txt\"", "\"../vocab.txt\"", "files"),
                edit("file with a backslash", "\"vocab.txt\"", "\"a\\\\\\\\vocab.txt\"", "files"),
                edit("file without a name", "\"vocab.txt\"", "\"\"", "files"),
                edit("hash is a number", "\"vocab.txt\": \"[0-9a-f]*\"", "\"vocab.txt\": 5", "vocab.txt"),
                edit("hash is no hash", "\"vocab.txt\": \"[0-9a-f]*\"", "\"vocab.txt\": \"abc\"", "vocab.txt"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("otherFiles")
    void open_otherFileWrong_refusedNamingIt(String problem, UnaryOperator<String> edit, String file, String field) {
        Path bundle = Nano.bundleCopy(folder, edit);

        assertThatThrownBy(() -> GeneratorBundle.open(bundle))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source()).isEqualTo(bundle.resolve(file).toString());
                    assertThat(e.field()).isEqualTo(field);
                });
    }

    static Stream<Arguments> otherFiles() {
        return Stream.of(
                Arguments.of(
                        "another hash",
                        replace("\"vocab.txt\": \"[0-9a-f]*\"", "\"vocab.txt\": \"" + HASH + "\""),
                        "vocab.txt",
                        "sha256"),
                Arguments.of(
                        "absent file",
                        replace("\"files\": \\{", "\"files\": {\"absent.onnx\": \"" + HASH + "\","),
                        "absent.onnx",
                        "file"),
                Arguments.of("unlisted file", replace("\"encoder.onnx\": \"[0-9a-f]*\",", ""), "encoder.onnx", "file"));
    }

    @Test
    void open_notABundle_refusedNamingTheFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");

        for (Path path : new Path[] {folder, folder.resolve("nowhere"), file}) {
            assertThatThrownBy(() -> GeneratorBundle.open(path))
                    .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                        assertThat(e.source()).isEqualTo(path.toString());
                        assertThat(e.field()).isEqualTo("bundle.json");
                    });
        }
    }

    @Test
    void open_manifestNotUtf8_refusedNamingIt() throws IOException {
        Path bundle = Nano.bundleCopy(folder, json -> json);
        Files.write(bundle.resolve("bundle.json"), new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'});

        assertThatThrownBy(() -> GeneratorBundle.open(bundle))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("bundle.json");
    }

    private static Arguments edit(String problem, String pattern, String replacement, String field) {
        return Arguments.of(problem, replace(pattern, replacement), field);
    }

    private static UnaryOperator<String> replace(String pattern, String replacement) {
        return json -> json.replaceFirst(pattern, replacement);
    }
}
