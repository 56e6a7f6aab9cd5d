package org.dndllm.serve.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationEvent;
import org.dndllm.serve.schedule.GenerationRequest;
import org.dndllm.serve.schedule.Scheduler;
import org.dndllm.serve.schedule.SchedulerOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 600, unit = TimeUnit.SECONDS)
class AdapterRegistryIT {
    private static final Path ADAPTERS = Nano.SET.resolve("adapters");
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(256).withThreads(1);

    @TempDir
    Path folder;

    private LiveModel live;
    private Scheduler scheduler;
    private AdapterGenerators generators;
    private AdapterStore store;
    private AdapterRegistry registry;
    private AdapterWorkshop workshop;

    @BeforeEach
    void open() {
        live = LiveModel.open(Nano.BASE, ModelOptions.CPU, CONTEXT);
        scheduler = Scheduler.start(live.model(), new SchedulerOptions(CONTEXT, 2, 2, 20));
        generators =
                AdapterGenerators.open(List.of(Nano.BUNDLE), live.model().shape(), Nano.BASE, EngineOptions.DEFAULT);
        store = AdapterStore.open(folder.resolve("store"));
        open(new AdapterLimits(3, 16, 1 << 20));
    }

    private void open(AdapterLimits limits) {
        registry = new AdapterRegistry(live.model(), scheduler, store, limits);
        workshop = new AdapterWorkshop(
                live,
                registry,
                generators,
                store,
                limits,
                GgmlType.F16,
                CompletableFuture.completedFuture("hash of the base"));
    }

    @AfterEach
    void close() {
        workshop.close();
        scheduler.close();
        generators.close();
        store.close();
        live.close();
    }

    @Test
    void load_peft_hasACardAndAnEffect() {
        AdapterCard card = load("first-upper", "upper");

        assertThat(card.generation()).matches("[0-9a-f]{12}-1");
        assertThat(card.toJson()).containsKeys("rank", "alpha", "bytes", "sha256", "norms", "effect", "timings_ms");
        assertThat(registry.cards()).containsExactly(card);
        try (AdapterLease lease = registry.lease(List.of(AdapterRegistry.Choice.of("upper", 0.5f)))) {
            assertThat(lease.set().entries()).hasSize(1);
            assertThat(lease.generations()).containsExactly(card.generation());
        }
    }

    @Test
    void generate_asOneGraph_publishesTheAdapterOfTheSteps() {
        // given
        SessionOptions session = SessionOptions.defaults()
                .withThreads(1)
                .withLayouts(new LayoutCache(folder.resolve("layouts"), LayoutCache.Listener.NONE));
        PromptSet prompts = PromptReader.read(Nano.REVERSE);
        AdapterCard steps = workshop.generate(Optional.empty(), prompts, 1, publication("steps"), Progress.NONE);
        workshop.close();
        generators.close();
        generators = AdapterGenerators.open(
                List.of(Nano.BUNDLE),
                live.model().shape(),
                Nano.BASE,
                EngineOptions.DEFAULT.withSession(session).withFused());
        open(new AdapterLimits(3, 16, 1 << 20));

        // when
        AdapterCard fused = workshop.generate(Optional.empty(), prompts, 1, publication("fused"), Progress.NONE);

        // then
        assertThat(fused.facts().get("provenance").toString())
                .contains("tokenize")
                .doesNotContain("encode");
        assertThat(fused.facts().get("bytes")).isEqualTo(steps.facts().get("bytes"));
        assertThat(registry.card("steps")).as("of the store").isPresent();
        Path stored = registry.withFiles("fused", inside -> inside);
        assertThat(stored).isDirectoryContaining("glob:**adapter_config.json");
    }

    @Test
    void generate_prompts_storedWithProvenanceAndRestored() throws IOException {
        // given
        AdapterCard card = workshop.generate(
                Optional.empty(), PromptReader.read(Nano.REVERSE), 1, publication("made"), Progress.NONE);
        assertThat(card.facts().get("provenance").toString()).contains("prompts", "sha256");

        // when: a new server opens the same store
        workshop.close();
        open(new AdapterLimits(3, 16, 1 << 20));

        // then
        AdapterCard restored = registry.card("made").orElseThrow();
        assertThat(restored.generation()).isEqualTo(card.generation());
        Path stored = registry.withFiles("made", inside -> inside);
        assertThat(stored).isDirectoryContaining("glob:**adapter_config.json");
        assertThat(load("first-upper", "next").generation())
                .as("generations go on where they ended")
                .endsWith("-2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"encode prompts", "generate weights", "detokenize", "convert", "load", "attach", "effect"})
    void generate_stoppedAtAStage_leavesNothingAndTheNextOneWorks(String last) throws IOException {
        List<String> stages = new ArrayList<>();
        Progress stopping = (stage, done, total) -> {
            stages.add(stage);
            if (stage.equals(last)) {
                throw new CancellationException();
            }
        };

        assertThatThrownBy(() -> workshop.generate(
                        Optional.empty(), PromptReader.read(Nano.REVERSE), 1, publication("made"), stopping))
                .isInstanceOf(CancellationException.class);

        assertThat(stages.getLast()).isEqualTo(last);
        assertThat(registry.cards()).isEmpty();
        assertThat(live.model().adapters()).isEmpty();
        assertThat(folder.resolve("store")).isDirectoryNotContaining(Files::isDirectory);
        assertThat(load("first-upper", "next").name()).isEqualTo("next");
    }

    @Test
    void store_leftoversAndBrokenOnes_areNotRestored() throws IOException {
        // given: a killed write, a cut file, an older generation beside its successor
        load("first-upper", "whole");
        AdapterCard cut = load("last-same", "cut");
        AdapterCard old = load("first-same", "twice");
        Path inStore = folder.resolve("store");
        Path kept = folder.resolve("kept");
        copy(inStore.resolve("twice@" + old.generation()), kept);
        workshop.load(ADAPTERS.resolve("second-same"), new AdapterPublication("twice", true, Optional.empty()));
        copy(kept, inStore.resolve("twice@" + old.generation()));
        Path gguf = inStore.resolve("cut@" + cut.generation()).resolve("adapter.gguf");
        Files.write(gguf, java.util.Arrays.copyOf(Files.readAllBytes(gguf), 1000));
        Files.createDirectories(inStore.resolve(".half@0.123-1.tmp"));
        store.close();

        // when
        store = AdapterStore.open(inStore);
        open(new AdapterLimits(3, 16, 1 << 20));

        // then
        assertThat(registry.cards()).extracting(AdapterCard::name).containsExactly("whole", "twice");
        assertThat(registry.card("twice").orElseThrow().generation()).endsWith("-4");
        assertThat(inStore.resolve(".half@0.123-1.tmp")).doesNotExist();
        assertThat(inStore.resolve("twice@" + old.generation())).doesNotExist();
        assertThat(gguf).as("what is broken is left for a person to look at").exists();
    }

    @Test
    void store_openTwice_refused() {
        assertThatThrownBy(() -> AdapterStore.open(folder.resolve("store")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("another server");
    }

    @Test
    void replace_whileARequestRuns_itFinishesOnTheOldOne() throws Exception {
        // given
        AdapterCard old = load("first-upper", "name");
        AdapterLease lease = registry.lease(List.of(AdapterRegistry.Choice.of("name", 1f)));
        Generation running = scheduler.submit(GenerationRequest.greedy(lease.set(), new int[] {1, 2, 3}, 200));

        // when
        AdapterCard replaced = workshop.load(
                ADAPTERS.resolve("last-same"), new AdapterPublication("name", true, Optional.of(old.generation())));

        // then
        assertThat(replaced.generation()).isNotEqualTo(old.generation());
        assertThat(lease.set().entries().getFirst().adapter().isClosed()).isFalse();
        assertThat(end(running)).isInstanceOf(GenerationEvent.Finished.class);
        assertThat(live.model().adapters()).hasSize(2);
        lease.close();
        registry.unload("name").get(300, TimeUnit.SECONDS);
        workshop.close();
        while (!live.model().adapters().isEmpty()) {
            Thread.onSpinWait(); // the old one is freed in the background
        }
    }

    @Test
    void unload_used_completesAfterTheLastRequest() throws Exception {
        load("first-upper", "name");
        AdapterLease lease = registry.lease(List.of(AdapterRegistry.Choice.of("name", 1f)));

        CompletableFuture<Void> freed = registry.unload("name");

        assertThat(freed).isNotDone();
        refused(AdapterException.Code.NOT_FOUND, () -> registry.lease(List.of(AdapterRegistry.Choice.of("name", 1f))));
        assertThat(files()).isEmpty();
        lease.close();
        lease.close();
        freed.get(300, TimeUnit.SECONDS);
        assertThat(live.model().adapters()).isEmpty();
    }

    @Test
    void load_whatIsInTheWay_refusedWithItsCode() {
        load("first-upper", "a");
        refused(AdapterException.Code.ALREADY_LOADED, () -> load("first-upper", "a"));
        refused(
                AdapterException.Code.GENERATION_MISMATCH,
                () -> workshop.load(
                        ADAPTERS.resolve("last-same"),
                        new AdapterPublication("a", true, Optional.of("000000000000-9"))));
        refused(AdapterException.Code.INVALID, () -> workshop.load(Nano.BASE, publication("b")));
        refused(AdapterException.Code.INVALID, () -> publication("../b"));
        refused(AdapterException.Code.NOT_FOUND, () -> registry.unload("b"));
        refused(
                AdapterException.Code.GENERATOR_NOT_FOUND,
                () -> workshop.generate(
                        Optional.of("other"), PromptReader.read(Nano.REVERSE), 1, publication("b"), Progress.NONE));
        load("first-upper", "b");
        load("first-upper", "c");
        refused(AdapterException.Code.LIMIT_REACHED, () -> load("first-upper", "d"));
        assertThat(registry.cards()).hasSize(3);
        assertThat(live.model().adapters()).hasSize(3);
    }

    @Test
    void load_beyondRankOrSize_refused() {
        open(new AdapterLimits(3, 2, 1 << 20));
        refused(AdapterException.Code.RANK_LIMIT_EXCEEDED, () -> load("first-upper", "a"));
        open(new AdapterLimits(3, 16, 100));
        refused(AdapterException.Code.INVALID, () -> load("first-upper", "a"));
        assertThat(live.model().adapters()).isEmpty();
    }

    @Test
    void global_setAndLeftOut_scales() {
        load("first-upper", "a");
        load("last-same", "b");

        registry.setGlobal(List.of(AdapterRegistry.Choice.of(1, 0.5f)));
        assertThat(registry.global())
                .extracting(AdapterRegistry.Global::name, AdapterRegistry.Global::scale)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("a", 0f), org.assertj.core.groups.Tuple.tuple("b", 0.5f));
        try (AdapterLease lease = registry.leaseGlobal()) {
            assertThat(lease.set().entries()).hasSize(1);
        }
        refused(AdapterException.Code.NOT_FOUND, () -> registry.setGlobal(List.of(AdapterRegistry.Choice.of(9, 1f))));
        assertThat(registry.global().get(1).scale())
                .as("a refused change changes nothing")
                .isEqualTo(0.5f);
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    private AdapterCard load(String adapter, String name) {
        return workshop.load(ADAPTERS.resolve(adapter), publication(name));
    }

    private static AdapterPublication publication(String name) {
        return new AdapterPublication(name, false, Optional.empty());
    }

    private static void refused(AdapterException.Code code, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        AdapterException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private static GenerationEvent end(Generation generation) throws InterruptedException {
        GenerationEvent event = generation.take();
        while (event instanceof GenerationEvent.Piece || event instanceof GenerationEvent.PromptRead) {
            event = generation.take();
        }
        return event;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("store"))) {
            return files.filter(Files::isDirectory).toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }
}
