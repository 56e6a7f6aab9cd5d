package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.engine.AdapterValues.assertSame;
import static org.dndllm.engine.AdapterValues.map;
import static org.dndllm.engine.AdapterValues.values;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.Sha256;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.LoraWeights;
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
        // given: twice as many layers, otherwise consistent
        AdapterLayout layout = dnd.bundle().manifest().layout();
        int layers = layout.shape().layers();
        int tokens = layout.tokens();
        Path bundle = Nano.bundleCopy(
                folder,
                json -> json.replace("\"layers\": " + layers, "\"layers\": " + 2 * layers)
                        .replace("\"tokens\": " + tokens, "\"tokens\": " + 2 * tokens)
                        .replace("[" + tokens + ", ", "[" + 2 * tokens + ", "));

        // when, then
        assertThatThrownBy(() -> DragAndDrop.open(Nano.BASE, bundle, OPTIONS))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(bundle.toString())
                .hasMessageContaining(Nano.BASE.toString())
                .hasMessageContaining("layers=" + layers)
                .hasMessageContaining("layers=" + 2 * layers);
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
}
