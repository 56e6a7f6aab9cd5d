package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionStats;
import org.dndllm.encoder.TokenBatch;
import org.dndllm.encoder.WordPieceTokenizer;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.TensorView;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.WeightSource;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.Precision;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole flow as one graph against the same flow in steps, on the processor. */
class FusedRouteIT {
    private static final String QUESTION = "Write the word garden backwards.";
    /** Of all values; what float noise before the rounding to BF16 may tip over a border. */
    private static final double MOST_TIPPED = 0.005;
    /** Of an adapter's largest value: the same noise where a value is a small difference of two large ones. */
    private static final float NOISE = 2e-6f;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    /** Untrained and trained ones, of both families. */
    static Stream<Path> bundles() {
        Path compact = shared.resolve("compact");
        if (!Files.exists(compact)) {
            Nano.compactBundle(compact);
        }
        return Stream.of(Nano.BUNDLE, compact, Nano.SET.resolve("paper"), Nano.SET.resolve("compact"));
    }

    private EngineOptions options(GgmlType type, boolean fused) {
        return new EngineOptions(
                SessionOptions.defaults()
                        .withThreads(1)
                        .withLayouts(new LayoutCache(folder.resolve("layouts"), LayoutCache.Listener.NONE)),
                ModelOptions.CPU,
                ContextOptions.DEFAULT.withContextLength(512).withThreads(1),
                type,
                fused);
    }

    @ParameterizedTest
    @MethodSource("bundles")
    void generate_everyBundleAndType_givesTheAdapterOfTheSeparateSteps(Path bundleFolder) {
        GeneratorBundle bundle = GeneratorBundle.open(bundleFolder);
        List<String> texts =
                new ArrayList<>(PromptReader.read(Nano.REVERSE).prompts().subList(0, bundle.prompts() - 1));
        texts.add("garden ".repeat(500)); // fills its positions and is cut
        PromptSet prompts = new PromptSet("<test>", texts);
        try (AdapterPipeline separate = AdapterPipeline.open(bundle, options(GgmlType.F16, false))) {
            GeneratedAdapter expected = separate.generate(prompts, 1, "separate", "0", Progress.NONE);
            for (GgmlType type : List.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16)) {
                try (AdapterPipeline fused = AdapterPipeline.open(bundle, options(type, true))) {
                    // when
                    GeneratedAdapter adapter = fused.generate(prompts, 1, "fused", "0", Progress.NONE);
                    // then
                    requireSameFile(expected, adapter, type);
                    requireSameFacts(expected.provenance(), adapter.provenance());
                    assertThat(adapter.provenance().times()).containsOnlyKeys("tokenize", "generate");
                    assertThat(adapter.weights().parameters())
                            .isEqualTo(expected.weights().parameters());
                }
            }
        }
    }

    /** Same header; every value within one last place of BF16 or float noise, and nearly all equal. */
    private static void requireSameFile(GeneratedAdapter expected, GeneratedAdapter adapter, GgmlType type) {
        try (AdapterBuffer buffer = new AdapterBuffer();
                GgufFile ours = GgufFile.of(adapter.file(type).orElseThrow(), "fused");
                GgufFile theirs = GgufFile.of(buffer.write(expected.weights(), type), "separate")) {
            assertThat(adapter.file(type).orElseThrow().byteSize())
                    .isEqualTo(GgufAdapter.size(expected.weights(), type));
            assertThat(ours.metadata()).isEqualTo(theirs.metadata());
            assertThat(ours.tensors())
                    .extracting(GgufTensor::name)
                    .isEqualTo(theirs.tensors().stream().map(GgufTensor::name).toList());
            float noise = NOISE * expected.weights().largestMagnitude();
            long tipped = 0;
            long count = 0;
            for (int t = 0; t < ours.tensors().size(); t++) {
                float[] a = ours.tensors().get(t).toFloats();
                float[] b = theirs.tensors().get(t).toFloats();
                assertThat(ours.tensors().get(t).type()).isEqualTo(type);
                for (int i = 0; i < b.length; i++) {
                    float place = 65536 * Math.ulp(Math.max(Math.abs(a[i]), Math.abs(b[i]))); // BF16 lacks 16 bits
                    assertThat(Math.abs(a[i] - b[i]))
                            .as("%s %d: %s for %s", ours.tensors().get(t).name(), i, a[i], b[i])
                            .isLessThanOrEqualTo(Math.max(place, noise));
                    tipped += a[i] == b[i] ? 0 : 1;
                    count++;
                }
            }
            assertThat((double) tipped / count).as("%d of %d", tipped, count).isLessThanOrEqualTo(MOST_TIPPED);
        }
    }

    /** Encoder and generator in other numbers: the adapter's change of the logits is that of float, nearly. */
    @ParameterizedTest
    @CsvSource({"F16, 0.02", "BF16, 0.15", "INT8, 0.15"})
    void generate_otherPrecision_changesTheModelAlmostAsFloatDoes(Precision precision, double share) {
        Path bundle = Nano.SET.resolve("compact");
        EngineOptions plain = options(GgmlType.F32, true);
        EngineOptions reduced = plain.withSession(plain.session().withPrecision(precision));
        try (DragAndDrop expected = DragAndDrop.open(Nano.BASE, bundle, plain);
                DragAndDrop actual = DragAndDrop.open(Nano.BASE, bundle, reduced)) {
            float[] base = expected.live().probe(QUESTION);
            expected.attach(expected.generate(PromptReader.read(Nano.REVERSE), 1, "f32"), 1);
            GeneratedAdapter adapter = actual.generate(PromptReader.read(Nano.REVERSE), 1, precision.label());

            actual.attach(adapter, 1);

            double effect = AdapterValues.largestDifference(expected.live().probe(QUESTION), base);
            assertThat(AdapterValues.largestDifference(
                            actual.live().probe(QUESTION), expected.live().probe(QUESTION)))
                    .isBetween(Double.MIN_VALUE, share * effect);
        }
    }

    private static void requireSameFacts(Provenance expected, Provenance actual) {
        assertThat(actual.indices()).isEqualTo(expected.indices());
        assertThat(actual.warnings()).isEqualTo(expected.warnings());
        ConditionStats stats = actual.condition();
        assertThat(stats.realTokens()).isEqualTo(expected.condition().realTokens());
        assertThat(stats.fullPrompts()).isEqualTo(expected.condition().fullPrompts());
        assertThat(stats.meanCosine()).isCloseTo(expected.condition().meanCosine(), within(1e-5));
        assertThat(stats.embeddingVariance()).isCloseTo(expected.condition().embeddingVariance(), within(1e-5));
        assertThat(actual.outOfDistribution().isPresent())
                .isEqualTo(expected.outOfDistribution().isPresent());
        actual.outOfDistribution()
                .ifPresent(score -> assertThat(score.value())
                        .isCloseTo(expected.outOfDistribution().orElseThrow().value(), within(1e-3)));
    }

    @ParameterizedTest
    @EnumSource(
            value = GgmlType.class,
            names = {"F32", "F16", "BF16"})
    void attach_fusedAdapter_changesTheModelAsTheOtherDoes(GgmlType type) {
        Path bundle = Nano.SET.resolve("compact");
        try (DragAndDrop separate = DragAndDrop.open(Nano.BASE, bundle, options(type, false));
                DragAndDrop fused = DragAndDrop.open(Nano.BASE, bundle, options(type, true))) {
            // given
            separate.attach(separate.generate(PromptReader.read(Nano.REVERSE), 1, "separate"), 1);
            GeneratedAdapter adapter = fused.generate(PromptReader.read(Nano.REVERSE), 1, "fused");
            fused.generate(PromptReader.read(Nano.ADDITION), 1, "another"); // must not touch the first one's memory
            float[] base = fused.live().probe(QUESTION);
            // when
            DragAndDrop.Attached attached = fused.attach(adapter, 1);
            // then
            assertThat(attached.effect().maxAbs()).isPositive();
            float[] expected = separate.live().probe(QUESTION);
            float[] logits = fused.live().probe(QUESTION);
            double effect = AdapterValues.largestDifference(expected, base);
            assertThat(AdapterValues.largestDifference(logits, expected)).isLessThan(0.01 * effect);
            // and back
            fused.detach();
            assertThat(fused.live().probe(QUESTION)).isEqualTo(base);
        }
    }

    @Test
    void save_fusedAdapter_readsBackAsItsWeights() {
        try (DragAndDrop dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, options(GgmlType.BF16, true))) {
            GeneratedAdapter adapter = dnd.generate(PromptReader.read(Nano.REVERSE), 1, "fused");
            Path saved = folder.resolve("saved");

            adapter.save(saved, GgmlType.BF16, Optional.empty(), false);

            try (GgufFile file = GgufFile.open(saved.resolve("adapter.gguf"))) {
                AdapterValues.assertSame(
                        GgufAdapter.read(file, dnd.bundle().manifest().layout().shape()), adapter.weights());
            }
            assertThat(adapter.file(GgmlType.F16)).isEmpty();
        }
    }

    @Test
    void open_again_takesTheGraphThatIsThere() throws IOException {
        // given
        List<Long> written = new ArrayList<>();
        SessionOptions session = SessionOptions.defaults()
                .withLayouts(new LayoutCache(folder.resolve("layouts"), (target, done, total) -> written.add(total)));
        GeneratorBundle bundle = GeneratorBundle.open(Nano.BUNDLE);
        try (WordPieceTokenizer tokenizer = WordPieceTokenizer.open(bundle.folder())) {
            FusedRoute.open(bundle, tokenizer, GgmlType.F16, session).close();
            int first = written.size();
            // when
            FusedRoute.open(bundle, tokenizer, GgmlType.F16, session).close();
            int second = written.size();
            FusedRoute.open(bundle, tokenizer, GgmlType.F32, session).close();
            // then
            assertThat(first).isPositive();
            assertThat(second).isEqualTo(first);
            assertThat(written.size()).isGreaterThan(second);
            try (Stream<Path> folders = Files.list(folder.resolve("layouts"))) {
                assertThat(folders.map(path -> path.getFileName().toString()))
                        .hasSize(2)
                        .anyMatch(name -> name.contains("-fused-f16-"))
                        .anyMatch(name -> name.contains("-fused-f32-"));
            }
        }
    }

    @Test
    void open_withoutAPlaceOrWithBlocksOfValues_refused() {
        GeneratorBundle bundle = GeneratorBundle.open(Nano.BUNDLE);
        EngineOptions nowhere = new EngineOptions(
                SessionOptions.defaults(), ModelOptions.CPU, ContextOptions.DEFAULT, GgmlType.F16, true);
        assertThatThrownBy(() -> AdapterPipeline.open(bundle, nowhere))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("layout cache");
        assertThatThrownBy(() -> AdapterPipeline.open(bundle, options(GgmlType.Q8_0, true)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Q8_0");
    }

    @Test
    void run_otherNumberOfPromptsOrPositions_refused() {
        GeneratorBundle bundle = GeneratorBundle.open(Nano.BUNDLE);
        try (WordPieceTokenizer tokenizer = WordPieceTokenizer.open(bundle.folder());
                FusedRoute route = FusedRoute.open(
                        bundle,
                        tokenizer,
                        GgmlType.F16,
                        options(GgmlType.F16, true).session())) {
            TokenBatch few = tokenizer.encode(List.of("one", "two"), bundle.length());
            TokenBatch shorter = tokenizer.encode(
                    PromptReader.read(Nano.REVERSE).prompts().subList(0, bundle.prompts()), bundle.length() - 1);
            for (TokenBatch wrong : List.of(few, shorter)) {
                assertThatThrownBy(() -> route.run(wrong))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("input_ids");
            }
        }
    }

    @Test
    void generate_valuesBeyondTheType_refusedNamingTheTensor() {
        // given: a generator whose base tokens are huge
        GeneratorBundle sound = Nano.compactBundle(folder.resolve("huge"));
        CompactConfig config = (CompactConfig) sound.manifest().generator();
        WeightSource weights = GeneratorWeights.random(config, sound.manifest().layout(), 5);
        WeightSource huge = WeightSource.of(name -> {
            List<Long> shape = weights.shape(name);
            float[] values = weights.rows(name, 0, shape.getFirst()).toFloats();
            for (int i = 0; name.equals("tokens.base") && i < values.length; i++) {
                values[i] *= 1e30f;
            }
            return TensorView.ofFloats(name, shape, values);
        });
        GeneratorBundle bundle;
        try {
            Files.delete(sound.folder().resolve(GeneratorBundle.MANIFEST));
            GeneratorGraph.export(config, huge, sound.generatorFile());
            BundleManifest manifest = sound.manifest();
            bundle = GeneratorBundle.seal(
                    sound.folder(), "huge", config, manifest.layout(), manifest.base(), manifest.training());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        try (AdapterPipeline fused = AdapterPipeline.open(bundle, options(GgmlType.F16, true))) {
            // when, then
            assertThatThrownBy(() -> fused.generate(PromptReader.read(Nano.REVERSE), 1, "huge", "0", Progress.NONE))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("blk.0.attn_q.weight.lora_a");
        }
    }
}
