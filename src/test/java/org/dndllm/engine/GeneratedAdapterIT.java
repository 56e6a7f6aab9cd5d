package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.engine.AdapterValues.assertSame;
import static org.dndllm.engine.AdapterValues.largest;
import static org.dndllm.engine.AdapterValues.largestDifference;
import static org.dndllm.engine.AdapterValues.map;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter folder appears whole or not at all, and both of its formats hold the same weights. */
class GeneratedAdapterIT {
    private static final String QUESTION = "Write the word garden backwards.";
    private static final EngineOptions OPTIONS = new EngineOptions(
            SessionOptions.defaults().withThreads(1),
            ModelOptions.CPU,
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1),
            GgmlType.F32);

    private static DragAndDrop dnd;
    private static GeneratedAdapter adapter;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, OPTIONS);
        adapter = dnd.generate(PromptReader.read(Nano.REVERSE), 1, "reverse");
    }

    @AfterAll
    static void close() {
        dnd.close();
    }

    @Test
    void save_newFolder_writesPeftGgufAndProvenance() throws IOException {
        // given
        float[] baseLogits = dnd.live().probe(QUESTION);
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
        assertThat(dnd.live().probe(QUESTION)).isEqualTo(baseLogits);
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
        GeneratedAdapter wide =
                new GeneratedAdapter("wide", map(adapter.weights(), value -> 1e6f), adapter.provenance());
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

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
