package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole flow on the nano set. */
class DragAndDropIT {
    private static final String QUESTION = "Write the word garden backwards.";
    private static final int TOKENS = 12;
    /** F32, so that values beyond half precision reach llama.cpp's side of the checks. */
    private static final EngineOptions OPTIONS = new EngineOptions(
            SessionOptions.defaults().withThreads(1),
            ModelOptions.CPU,
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1),
            GgmlType.F32);

    private static DragAndDrop dnd;
    private static GeneratedAdapter adapter;
    private static float[] baseLogits;
    private static String baseText;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, OPTIONS);
        adapter = dnd.generate(PromptReader.read(Nano.REVERSE), 1, "reverse");
        baseLogits = dnd.live().probe(QUESTION);
        baseText = dnd.live().chat(QUESTION, TOKENS).text();
    }

    @AfterAll
    static void close() {
        dnd.close();
    }

    @BeforeEach
    void detach() {
        dnd.detach();
    }

    @Test
    void generate_sameSeed_sameWeights() {
        // when
        GeneratedAdapter again = dnd.generate(PromptReader.read(Nano.REVERSE), 1, "again");

        // then
        assertSame(again.weights(), adapter.weights());
        assertThat(again.provenance().indices()).isEqualTo(adapter.provenance().indices());
    }

    @Test
    void generate_otherSeedOrPrompts_otherWeights() {
        // when
        GeneratedAdapter otherSeed = dnd.generate(PromptReader.read(Nano.REVERSE), 2, "seed 2");
        GeneratedAdapter otherTask = dnd.generate(PromptReader.read(Nano.ADDITION), 1, "addition");

        // then
        assertThat(values(otherSeed.weights())).isNotEqualTo(values(adapter.weights()));
        assertThat(values(otherTask.weights())).isNotEqualTo(values(adapter.weights()));
    }

    @Test
    void attach_thenDetach_logitsChangeAndComeBackBitIdentical() {
        // when
        DragAndDrop.Attached attached = dnd.attach(adapter, 1);
        float[] adapted = dnd.live().probe(QUESTION);
        dnd.detach();

        // then
        assertThat(attached.effect().maxAbs()).isPositive();
        assertThat(attached.times().stages()).containsOnlyKeys("convert", "load", "attach", "effect");
        assertThat(adapted).isNotEqualTo(baseLogits);
        assertOnBase();
    }

    @Test
    void attach_measuringTheEffect_leavesTheAdapterAttached() {
        // when
        dnd.attach(adapter, 1);

        // then
        assertThat(dnd.live().attached().entries()).hasSize(1);
        assertThat(dnd.live().attached().entries().getFirst().adapter().name()).isEqualTo("reverse");
    }

    @Test
    void attach_twice_replacesAndFreesTheFirst() {
        // given
        dnd.attach(adapter, 1);
        LoraAdapter first = dnd.live().attached().entries().getFirst().adapter();
        GeneratedAdapter second = dnd.generate(PromptReader.read(Nano.ADDITION), 1, "addition");

        // when
        dnd.attach(second, 0.5f);

        // then
        assertThat(first.isClosed()).isTrue();
        assertThat(dnd.live().model().adapters()).hasSize(1);
        assertThat(dnd.live().attached().entries()).hasSize(1);
        assertThat(dnd.live().attached().entries().getFirst().scale()).isEqualTo(0.5f);
    }

    @Test
    void attach_scaleZero_refusedAndOnBase() {
        assertRefused(adapter, 0, "effect");
    }

    @Test
    void attach_zeroWeights_refusedAndOnBase() {
        assertRefused(with(map(adapter.weights(), value -> 0f)), 1, "effect");
    }

    @Test
    void attach_weightsThatOverflow_refusedAndOnBase() {
        assertRefused(with(map(adapter.weights(), value -> 1e18f)), 1, null);
    }

    @Test
    void attach_scaleNotFinite_refusedAndOnBase() {
        assertThatThrownBy(() -> dnd.attach(adapter, Float.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThat(dnd.live().model().adapters()).isEmpty();
        assertOnBase();
    }

    @Test
    void weights_nan_refused() {
        assertThatThrownBy(() -> map(adapter.weights(), value -> Float.NaN))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("NaN");
    }

    @Test
    void attach_tooLargeForTheAdapterType_refusedAndTheOneBeforeStays() {
        // given: an engine whose adapters travel in half precision
        try (DragAndDrop half = DragAndDrop.open(
                Nano.BASE,
                Nano.BUNDLE,
                new EngineOptions(OPTIONS.session(), OPTIONS.model(), OPTIONS.context(), GgmlType.F16))) {
            half.attach(adapter, 1);
            float[] adapted = half.live().probe(QUESTION);

            // when
            assertThatThrownBy(() -> half.attach(with(map(adapter.weights(), value -> 1e6f)), 1))
                    .isInstanceOf(InvalidInputException.class);

            // then
            assertThat(half.live().probe(QUESTION)).isEqualTo(adapted);
        }
    }

    @Test
    void open_bundleForAnotherShape_refusedNamingBoth() {
        // given: three layers instead of two, otherwise consistent
        Path bundle = Nano.bundleCopy(
                folder,
                json -> json.replace("\"layers\": 2", "\"layers\": 3")
                        .replace("\"tokens\": 70", "\"tokens\": 105")
                        .replace("[70, 6, 34]", "[105, 6, 34]"));

        // when, then
        assertThatThrownBy(() -> DragAndDrop.open(Nano.BASE, bundle, OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(bundle.toString())
                .hasMessageContaining(Nano.BASE.toString())
                .hasMessageContaining("layers=3")
                .hasMessageContaining("layers=2");
    }

    @Test
    void open_bundleFileChangedOrMissing_refusedNamingIt() throws IOException {
        // given
        Path bundle = Nano.bundleCopy(folder, UnaryOperator.identity());
        Path vocabulary = bundle.resolve("vocab.txt");
        String words = Files.readString(vocabulary);

        // when, then: changed
        Files.writeString(vocabulary, words + "\n");
        assertThatThrownBy(() -> DragAndDrop.open(Nano.BASE, bundle, OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(vocabulary.toString())
                .hasMessageContaining("sha256");

        // when, then: missing
        Files.delete(vocabulary);
        assertThatThrownBy(() -> DragAndDrop.open(Nano.BASE, bundle, OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(vocabulary.toString())
                .hasMessageContaining("absent");
    }

    @Test
    void open_baseIsNoModel_refusedNamingIt() throws IOException {
        Path text = Files.writeString(folder.resolve("base.gguf"), "no model");
        assertThatThrownBy(() -> DragAndDrop.open(text, Nano.BUNDLE, OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(text.toString());
    }

    @Test
    void warnings_baseOfSameShapeButOtherFile_says() {
        Path bundle = Nano.bundleCopy(folder, json -> json.replace(Sha256.of(Nano.BASE), Sha256.of(Nano.REVERSE)));
        try (DragAndDrop other = DragAndDrop.open(Nano.BASE, bundle, OPTIONS)) {
            assertThat(other.warnings()).singleElement().asString().contains("made for another file");
        }
        assertThat(dnd.warnings()).isEmpty();
    }

    @Test
    void provenance_ofAGeneration_namesAllSources() {
        // when
        Provenance from = adapter.provenance();

        // then
        assertThat(from.bundleName()).isEqualTo("nano-paper-untrained");
        assertThat(from.bundleSha256()).isEqualTo(Sha256.of(Nano.BUNDLE.resolve("bundle.json")));
        assertThat(from.baseSha256()).isEqualTo(Sha256.of(Nano.BASE));
        assertThat(from.trained()).isFalse();
        assertThat(from.promptSource()).isEqualTo(Nano.REVERSE.toString());
        assertThat(from.promptsSha256())
                .isEqualTo(PromptReader.read(Nano.REVERSE).sha256());
        assertThat(from.promptCount()).isEqualTo(96);
        assertThat(from.indices()).hasSize(16).doesNotHaveDuplicates();
        assertThat(from.seed()).isEqualTo(1);
        assertThat(from.times()).containsOnlyKeys("encode", "generate", "detokenize");
        assertThat(from.condition().prompts()).isEqualTo(16);
        assertThat(from.warnings()).anyMatch(warning -> warning.contains("untrained"));
    }

    @Test
    void save_newFolder_writesPeftGgufAndProvenance() throws IOException {
        // given
        DragAndDrop.Attached attached = dnd.attach(adapter, 1);
        float[] adapted = dnd.live().probe(QUESTION);
        Path target = folder.resolve("new/adapter");

        // when
        adapter.save(target, GgmlType.BF16, Optional.of(attached.effect()), false);

        // then: BF16 holds the values exactly in both files
        assertThat(names(target))
                .containsExactly("adapter.gguf", "adapter_config.json", "adapter_model.safetensors", "dnd.json");
        assertSame(PeftAdapter.read(target, adapter.weights().shape()), adapter.weights());
        try (GgufFile gguf = GgufFile.open(target.resolve("adapter.gguf"))) {
            assertSame(GgufAdapter.read(gguf, adapter.weights().shape()), adapter.weights());
        }
        assertThat(JsonValue.parse(Files.readString(target.resolve("dnd.json")), "dnd.json"))
                .isInstanceOfSatisfying(JsonValue.Obj.class, json -> {
                    assertThat(json.string("format")).isEqualTo("dnd-adapter");
                    assertThat(json.object("base").string("sha256")).isEqualTo(Sha256.of(Nano.BASE));
                    assertThat(json.object("prompts").array("drawn").integers()).hasSize(16);
                    assertThat(json.object("effect").number("max_abs_logit_change"))
                            .isEqualTo(attached.effect().maxAbs());
                });

        // and: llama.cpp reads the file to the same model
        dnd.detach();
        try (LoraAdapter loaded = dnd.live().model().loadAdapter(target.resolve("adapter.gguf"))) {
            dnd.live().attach(loaded, 1);
            // BF16 kernels round the activations, F32 ones do not: 1 % of the logits' own size is well above that
            assertThat(largestDifference(dnd.live().probe(QUESTION), adapted)).isLessThan(0.01 * largest(adapted));
            assertThat(dnd.live().probe(QUESTION)).isNotEqualTo(baseLogits);
            dnd.live().detach();
        }
        assertOnBase();
    }

    @Test
    void save_existingTarget_refusedAndUntouched() throws IOException {
        Path target = Files.createDirectory(folder.resolve("there"));
        Files.writeString(target.resolve("mine.txt"), "mine");

        for (boolean replace : new boolean[] {false, true}) {
            assertThatThrownBy(() -> adapter.save(target, GgmlType.F16, Optional.empty(), replace))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining(target.toString());
        }
        assertThat(names(folder)).containsExactly("there");
        assertThat(names(target)).containsExactly("mine.txt");
    }

    @Test
    void save_replace_oldAdapterGivesWay() throws IOException {
        Path target = folder.resolve("adapter");
        adapter.save(target, GgmlType.F16, Optional.empty(), false);
        GeneratedAdapter other = dnd.generate(PromptReader.read(Nano.ADDITION), 1, "addition");

        other.save(target, GgmlType.F16, Optional.empty(), true);

        assertSame(PeftAdapter.read(target, adapter.weights().shape()), other.weights());
        assertThat(names(folder)).containsExactly("adapter");
    }

    @Test
    void save_writeFails_leavesNothing() throws IOException {
        // given: BF16 holds a million, the GGUF in half precision does not; the PEFT files are written by then
        GeneratedAdapter wide = with(map(adapter.weights(), value -> 1e6f));
        assertThatThrownBy(() -> wide.save(folder.resolve("wide"), GgmlType.F16, Optional.empty(), false))
                .isInstanceOf(InvalidInputException.class);
        assertThat(names(folder)).isEmpty();

        // given: no folder can be made below a file
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> adapter.save(file.resolve("adapter"), GgmlType.F16, Optional.empty(), false))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(file.toString());
        assertThat(names(folder)).containsExactly("file");
    }

    @Test
    void generate_onePrompt_repeatsItAndSays() {
        Provenance from = dnd.generate(PromptSet.of(QUESTION), 1, "one").provenance();

        assertThat(from.indices()).hasSize(16).containsOnly(0);
        assertThat(from.warnings()).anyMatch(warning -> warning.contains("only 1 prompts"));
        assertThat(from.warnings()).anyMatch(warning -> warning.contains("all alike"));
    }

    @Test
    void generate_tenThousandPrompts_drawsWithoutRepeats() {
        PromptSet many = new PromptSet(
                "many",
                IntStream.range(0, 10_000).mapToObj(i -> "Prompt number " + i).toList());

        Provenance from = dnd.generate(many, 3, "many").provenance();

        assertThat(from.promptCount()).isEqualTo(10_000);
        assertThat(from.indices()).hasSize(16).doesNotHaveDuplicates();
        assertThat(from.warnings()).noneMatch(warning -> warning.contains("repeat"));
    }

    @Test
    void generate_promptOfHundredThousandCharacters_cutAndSays() {
        Provenance from = dnd.generate(PromptSet.of("garden ".repeat(14_286), "short"), 1, "long")
                .provenance();

        assertThat(from.warnings()).anyMatch(warning -> warning.contains("fill all 48 positions"));
    }

    @Test
    void anything_afterClose_illegalState() {
        // given
        DragAndDrop closed = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, OPTIONS);
        closed.attach(adapter, 1);
        LiveModel live = closed.live();
        closed.close();

        // when, then
        assertThatThrownBy(() -> closed.generate(PromptSet.of("a"), 1, "a")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> closed.attach(adapter, 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(closed::detach).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> live.chat("a", 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> live.probe("a")).isInstanceOf(IllegalStateException.class);
        assertThatCode(closed::close).doesNotThrowAnyException();
    }

    private static void assertRefused(
            GeneratedAdapter bad, float scale, @org.jspecify.annotations.Nullable String field) {
        assertThatThrownBy(() -> dnd.attach(bad, scale)).isInstanceOfSatisfying(InvalidInputException.class, e -> {
            assertThat(e.getMessage()).contains(bad.name());
            if (field != null) {
                assertThat(e.field()).isEqualTo(field);
            }
        });
        assertThat(dnd.live().attached().isEmpty()).isTrue();
        assertThat(dnd.live().model().adapters()).isEmpty();
        assertOnBase();
    }

    private static void assertOnBase() {
        assertThat(dnd.live().probe(QUESTION)).isEqualTo(baseLogits);
        assertThat(dnd.live().chat(QUESTION, TOKENS).text()).isEqualTo(baseText);
    }

    private static GeneratedAdapter with(LoraWeights weights) {
        return new GeneratedAdapter("changed", weights, adapter.provenance());
    }

    private interface Change {
        float of(float value);
    }

    private static LoraWeights map(LoraWeights weights, Change change) {
        List<LoraTensor> tensors = new ArrayList<>();
        for (LoraTensor tensor : weights.tensors()) {
            tensors.add(new LoraTensor(
                    tensor.layer(), tensor.module(), changed(tensor.a(), change), changed(tensor.b(), change)));
        }
        // F32 to BF16 rounds as a generator's output would be
        return LoraWeights.of(weights.shape(), weights.rank(), weights.alpha(), DType.F32, tensors)
                .withDtype(DType.BF16);
    }

    private static float[] changed(float[] values, Change change) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = change.of(values[i]);
        }
        return result;
    }

    private static void assertSame(LoraWeights actual, LoraWeights expected) {
        assertThat(actual.alpha()).isEqualTo(expected.alpha());
        assertThat(actual.rank()).isEqualTo(expected.rank());
        assertThat(values(actual)).isEqualTo(values(expected));
    }

    private static float[][] values(LoraWeights weights) {
        return weights.tensors().stream()
                .flatMap(tensor -> Stream.of(tensor.a(), tensor.b()))
                .toArray(float[][]::new);
    }

    private static double largest(float[] values) {
        return largestDifference(values, new float[values.length]);
    }

    private static double largestDifference(float[] a, float[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> Math.abs(a[i] - b[i]))
                .max()
                .orElseThrow();
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
