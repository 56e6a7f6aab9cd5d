package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.DType;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.Sha256;
import org.dndllm.format.TensorView;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.StateDictFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Official state dicts become bundles that compute what the official code computes. */
class GeneratorImportIT {
    /** Two float32 implementations; the bar. Measured: at most 3.3e-6. */
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "plain-f32, plain, F32, false",
        "plain-bf16-ddp-encoder, plain, BF16, true",
        "superlarge-f32, superlarge, F32, false",
        "superlarge-f16-ddp, superlarge, F16, false",
    })
    void official_goldenFile_bundleGivesTheOfficialTokens(String name, String kind, String types, boolean savedAlong) {
        // given
        Path file = ImportFiles.FOLDER.resolve(name + ".pth");

        // when
        GeneratorImport.Result result =
                GeneratorImport.official(file, ImportFiles.request(folder.resolve("bundle")), Progress.NONE);

        // then
        BundleManifest manifest = result.bundle().manifest();
        assertThat(manifest.generator())
                .isEqualTo(kind.equals("plain") ? ImportFiles.PLAIN_CONFIG : ImportFiles.SUPER_LARGE_CONFIG);
        assertThat(manifest.layout().rank()).isEqualTo(2);
        assertThat(manifest.layout().alpha()).isEqualTo(4);
        assertThat(manifest.training().trained()).isTrue();
        assertThat(manifest.training().description()).contains(name + ".pth", Sha256.of(file), types);
        assertThat(manifest.base()).isEqualTo(ImportFiles.base().identity());
        assertThat(result.types()).isEqualTo(types);
        assertThat(result.encoderSavedAlong()).isEqualTo(savedAlong);
        assertThat(result.preset()).isEmpty();
        assertThat(GeneratorBundle.open(folder.resolve("bundle"))).isEqualTo(result.bundle());
        try (SafetensorsFile golden = SafetensorsFile.open(ImportFiles.FOLDER.resolve("golden.safetensors"))) {
            Condition condition = condition(result.bundle(), kind);
            if (golden.has(name + ".states_every_7th")) {
                assertThat(error(everySeventh(condition), golden.tensor(name + ".states_every_7th")))
                        .as("condition: blocks of 512, padding included")
                        .isLessThan(TOLERANCE);
            }
            assertThat(error(tokens(result.bundle(), condition), golden.tensor(name + ".tokens")))
                    .isLessThan(TOLERANCE);
        }
    }

    private static Condition condition(GeneratorBundle bundle, String kind) {
        try (SentenceEncoder encoder = SentenceEncoder.open(bundle.folder(), SessionOptions.defaults())) {
            return encoder.encode(ImportFiles.prompts(kind), bundle.length());
        }
    }

    private static float[] tokens(GeneratorBundle bundle, Condition condition) {
        try (LoraGenerator generator =
                LoraGenerator.open(bundle.generatorFile(), bundle.manifest().generator(), SessionOptions.defaults())) {
            return generator.generate(condition.states(), condition.mask());
        }
    }

    private static float[] everySeventh(Condition condition) {
        List<Float> kept = new ArrayList<>();
        for (int n = 0; n < condition.prompts(); n++) {
            for (int l = 0; l < condition.length(); l += 7) {
                for (int c = 0; c < condition.width(); c++) {
                    kept.add(condition.states()[(n * condition.length() + l) * condition.width() + c]);
                }
            }
        }
        float[] values = new float[kept.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = kept.get(i);
        }
        return values;
    }

    /** Largest deviation over the root mean square of what is expected. */
    private static double error(float[] found, TensorView golden) {
        float[] expected = golden.toFloats();
        assertThat(found).hasSize(expected.length);
        double largest = 0;
        double squares = 0;
        for (int i = 0; i < found.length; i++) {
            double difference = Math.abs((double) found[i] - expected[i]);
            largest = difference > largest || Double.isNaN(difference) ? difference : largest;
            squares += (double) expected[i] * expected[i] / expected.length;
        }
        return largest / Math.sqrt(squares);
    }

    @Test
    void official_alphaAndReplace_areHeeded() {
        // given
        Path target = folder.resolve("bundle");
        GeneratorImport.Request request = new GeneratorImport.Request(
                ImportFiles.ENCODER, ImportFiles.base(), Optional.empty(), Optional.of(3f), "again", target, true);
        GeneratorImport.official(ImportFiles.SUPER_LARGE, ImportFiles.request(target), Progress.NONE);

        // when
        List<Long> progress = new ArrayList<>();
        GeneratorBundle bundle = GeneratorImport.official(
                        ImportFiles.PLAIN, request, (stage, done, total) -> progress.add(done))
                .bundle();

        // then
        assertThat(bundle.manifest().layout().alpha()).isEqualTo(3);
        assertThat(bundle.manifest().name()).isEqualTo("again");
        assertThat(progress).isSorted().endsWith(ImportFiles.PLAIN_CONFIG.parameters());
        assertThatThrownBy(
                        () -> GeneratorImport.official(ImportFiles.PLAIN, ImportFiles.request(target), Progress.NONE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists already");
    }

    @Test
    void official_targetWithOtherFiles_isNotReplaced() throws IOException {
        Path target = Files.createDirectory(folder.resolve("home"));
        Files.writeString(target.resolve("letter.txt"), "dear");
        GeneratorImport.Request request = new GeneratorImport.Request(
                ImportFiles.ENCODER, ImportFiles.base(), Optional.empty(), Optional.empty(), "x", target, true);

        assertThatThrownBy(() -> GeneratorImport.official(ImportFiles.PLAIN, request, Progress.NONE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("is no generator bundle");
        assertThat(target.resolve("letter.txt")).hasContent("dear");
    }

    /**
     * An import that must not happen.
     *
     * @param field what the error must name beside {@code source}, the end of the file's path
     */
    record Bad(String name, Attempt attempt, String source, String field, String problem) {
        @Override
        public String toString() {
            return name;
        }
    }

    interface Attempt {
        void run(Path folder, Path target) throws IOException;
    }

    static Stream<Bad> misfits() {
        BaseShape wide = new BaseShape(BaseShape.QWEN2, 1, 64, 2, 2, 32, 64, 752, true);
        BaseShape deep = new BaseShape(BaseShape.QWEN2, 2, 32, 2, 2, 16, 64, 752, true);
        return Stream.of(
                new Bad(
                        "encoder of another hidden size",
                        (folder, target) -> official(
                                ImportFiles.PLAIN,
                                encoder(folder, "\"hidden_size\": 16", "\"hidden_size\": 32"),
                                ImportFiles.BASE,
                                target),
                        "config.json",
                        "hidden_size",
                        "is 32, but the generator reads states of 16 channels"),
                new Bad(
                        "encoder whose vocabulary is too small",
                        (folder, target) -> official(
                                ImportFiles.PLAIN,
                                encoder(folder, "\"vocab_size\": ", "\"vocab_size\": 3, \"x\": "),
                                ImportFiles.BASE,
                                target),
                        "config.json",
                        "vocab_size",
                        "the two do not belong together"),
                new Bad(
                        "encoder with other blocks",
                        (folder, target) -> official(
                                ImportFiles.SUPER_LARGE,
                                encoder(folder, "\"max_position_embeddings\": 512", "\"max_position_embeddings\": 256"),
                                ImportFiles.BASE,
                                target),
                        "config.json",
                        "max_position_embeddings",
                        "in blocks of 512"),
                new Bad(
                        "encoder that is too short",
                        (folder, target) -> official(
                                ImportFiles.PLAIN,
                                encoder(folder, "\"max_position_embeddings\": 512", "\"max_position_embeddings\": 16"),
                                ImportFiles.BASE,
                                target),
                        "config.json",
                        "max_position_embeddings",
                        "is 16, but the generator reads 24 tokens"),
                new Bad(
                        "encoder whose weights are of another shape",
                        (folder, target) -> official(
                                ImportFiles.PLAIN,
                                encoder(folder, "\"intermediate_size\": 32", "\"intermediate_size\": 64"),
                                ImportFiles.BASE,
                                target),
                        "model.safetensors",
                        "encoder.layer.0.intermediate.dense.weight",
                        "has shape"),
                new Bad(
                        "no encoder",
                        (folder, target) ->
                                official(ImportFiles.PLAIN, folder.resolve("nowhere"), ImportFiles.BASE, target),
                        "nowhere",
                        "folder",
                        "is not a folder"),
                new Bad(
                        "encoder saved along is another",
                        (folder, target) -> {
                            StateDictFile file = StateDictFile.of(ImportFiles.PLAIN_CONFIG, 1);
                            file.put(TensorView.ofFloats(
                                    "condition_module.encoder.final_layer_norm.weight", List.of(1L), new float[] {1}));
                            official(
                                    file.write(folder.resolve("t5.pth")),
                                    ImportFiles.ENCODER,
                                    ImportFiles.BASE,
                                    target);
                        },
                        "t5.pth",
                        "embeddings.word_embeddings.weight",
                        "is missing"),
                new Bad(
                        "base of another width",
                        (folder, target) -> official(ImportFiles.PLAIN, ImportFiles.ENCODER, wide, target),
                        "plain-f32.pth",
                        "linear1.bias",
                        "choose the base model that it was trained for"),
                new Bad(
                        "base of more layers",
                        (folder, target) -> official(ImportFiles.PLAIN, ImportFiles.ENCODER, deep, target),
                        "plain-f32.pth",
                        "linear1.bias",
                        "a generator of 17 tokens of 4 x 34, but adapters of rank 2 for base.gguf"),
                new Bad(
                        "tokens without a border",
                        (folder, target) -> {
                            PaperConfig flat = GeneratorConfig.paper(3, new Stage(3, 24, 16), new Stage(17, 2, 34));
                            official(
                                    StateDictFile.of(flat, 1).write(folder.resolve("flat.pth")),
                                    ImportFiles.ENCODER,
                                    ImportFiles.BASE,
                                    target);
                        },
                        "flat.pth",
                        "linear1.bias",
                        "rank + 2 rows"),
                new Bad(
                        "weights of another preset",
                        (folder, target) -> official(
                                ImportFiles.PLAIN,
                                Optional.of("qwen2.5-0.5b-commonsense"),
                                BaseShape.QWEN2_5_0_5B,
                                target),
                        "plain-f32.pth",
                        "model.decoder.module_list.0",
                        "expected [200, 300]"),
                new Bad(
                        "preset for another base",
                        (folder, target) -> {
                            PaperConfig preset = (PaperConfig) GeneratorConfig.preset("qwen2.5-0.5b-commonsense");
                            Path file = StateDictFile.hollow(preset, DType.BF16).write(folder.resolve("arc.pth"));
                            official(file, Optional.of("qwen2.5-0.5b-commonsense"), BaseShape.QWEN2_5_1_5B, target);
                        },
                        "base.gguf",
                        "shape",
                        "but preset qwen2.5-0.5b-commonsense is for"),
                new Bad(
                        "preset of our own family",
                        (folder, target) -> official(
                                ImportFiles.PLAIN, Optional.of("compact-qwen2.5-0.5b"), BaseShape.QWEN2_5_0_5B, target),
                        "<request>",
                        "preset",
                        "no official state dict holds"),
                new Bad(
                        "not a number in the middle of the work",
                        (folder, target) -> {
                            StateDictFile file = StateDictFile.of(ImportFiles.PLAIN_CONFIG, 1);
                            float[] bias = new float[17];
                            bias[16] = Float.NaN;
                            file.put(TensorView.ofFloats(
                                    "model.decoder.module_list.1.linear2.bias", List.of(17L), bias));
                            official(
                                    file.write(folder.resolve("nan.pth")),
                                    ImportFiles.ENCODER,
                                    ImportFiles.BASE,
                                    target);
                        },
                        "nan.pth",
                        "linear2.bias",
                        "value 16 is NaN"),
                new Bad(
                        "untrained for another base",
                        (folder, target) -> GeneratorImport.untrained(
                                request(
                                        ImportFiles.ENCODER,
                                        BaseShape.QWEN2_5_7B,
                                        Optional.of("compact-qwen2.5-0.5b"),
                                        target),
                                1,
                                Progress.NONE),
                        "base.gguf",
                        "shape",
                        "but preset compact-qwen2.5-0.5b is for"),
                new Bad(
                        "untrained with an encoder of another hidden size",
                        (folder, target) -> GeneratorImport.untrained(
                                request(
                                        ImportFiles.ENCODER,
                                        BaseShape.QWEN2_5_0_5B,
                                        Optional.of("compact-qwen2.5-0.5b"),
                                        target),
                                1,
                                Progress.NONE),
                        "config.json",
                        "hidden_size",
                        "is 16, but the generator reads states of 384 channels"));
    }

    @ParameterizedTest
    @MethodSource("misfits")
    void import_misfit_refusedNamingFileAndFieldAndWritesNothing(Bad bad) throws IOException {
        // given
        Path inputs = Files.createDirectory(folder.resolve("inputs"));
        Path outputs = Files.createDirectory(folder.resolve("outputs"));

        // when, then
        assertThatThrownBy(() -> bad.attempt().run(inputs, outputs.resolve("bundle")))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source()).as(e.getMessage()).endsWith(bad.source());
                    assertThat(e.field()).as(e.getMessage()).contains(bad.field());
                })
                .hasMessageContaining(bad.problem());
        try (Stream<Path> written = Files.list(outputs)) {
            assertThat(written).isEmpty();
        }
    }

    private static void official(Path file, Path encoder, BaseShape base, Path target) {
        GeneratorImport.official(file, request(encoder, base, Optional.empty(), target), Progress.NONE);
    }

    private static void official(Path file, Optional<String> preset, BaseShape base, Path target) {
        GeneratorImport.official(file, request(ImportFiles.ENCODER, base, preset, target), Progress.NONE);
    }

    private static GeneratorImport.Request request(Path encoder, BaseShape base, Optional<String> preset, Path target) {
        BaseModel model = new BaseModel("base.gguf", base, new BundleManifest.Base("tiny", Optional.empty()));
        return new GeneratorImport.Request(
                encoder, model, preset.map(TargetPreset::named), Optional.empty(), "bad", target, false);
    }

    /** A copy of the golden encoder with one thing in its configuration changed. */
    private static Path encoder(Path folder, String from, String to) throws IOException {
        Path copy = Files.createDirectory(folder.resolve("encoder"));
        try (Stream<Path> files = Files.list(ImportFiles.ENCODER)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName().toString()));
            }
        }
        String config = Files.readString(copy.resolve("config.json"));
        assertThat(config).contains(from);
        Files.writeString(copy.resolve("config.json"), config.replace(from, to));
        return copy;
    }
}
