package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.GgufAdapter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both ways of an adapter into llama.cpp give the same, and the temporary file never stays. */
class AdapterStreamIT {
    private static final int[] PROMPT = {5, 17, 42, 99};

    @TempDir
    Path folder;

    private Path temporary;
    private LlamaModel model;
    private LlamaContext context;
    private MemorySegment gguf;

    @BeforeEach
    void open() throws IOException {
        temporary = Files.createDirectory(folder.resolve("temporary"));
        model = TinyModel.open(folder);
        context = model.newContext(TinyModel.SMALL);
        gguf = GgufAdapter.toMemory(TinyModel.weights(1, 4, 0.2f), GgmlType.F32, Arena.ofAuto());
    }

    @AfterEach
    void close() {
        model.close();
    }

    @Test
    void load_temporaryFile_sameLogitsAsFromMemoryAndTheFileIsGone() throws IOException {
        // given
        float[] base = logits(AdapterSet.EMPTY);
        List<Path> seen = new ArrayList<>();

        // when
        LoraAdapter memory = model.loadAdapter(gguf, "memory", MemoryAdapterStream::new);
        LoraAdapter file = model.loadAdapter(gguf, "file", bytes -> {
            TemporaryAdapterFile copy = TemporaryAdapterFile.write(bytes, temporary);
            seen.addAll(left());
            return copy;
        });

        // then
        assertThat(seen).hasSize(1);
        assertThat(left()).isEmpty();
        assertThat(logits(AdapterSet.of(file)))
                .isEqualTo(logits(AdapterSet.of(memory)))
                .isNotEqualTo(base);
        assertThat(file.bytes()).isEqualTo(gguf.byteSize());
    }

    @Test
    void load_llamaCppRefusesTheFile_fileIsGoneAndTheModelGoesOn() {
        // given: bytes that pass the check, but a file that was damaged afterwards
        float[] base = logits(AdapterSet.EMPTY);
        Function<MemorySegment, AdapterStream> damaging =
                bytes -> TemporaryAdapterFile.write(bytes.asSlice(0, 100), temporary);

        // when, then
        assertThatThrownBy(() -> model.loadAdapter(gguf, "damaged", damaging))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining("llama.cpp refused it");
        assertThat(left()).isEmpty();
        assertThat(model.adapters()).isEmpty();
        assertThat(logits(AdapterSet.EMPTY)).isEqualTo(base);
    }

    @Test
    void load_malformedAdapter_noFileIsWritten() {
        assertThatThrownBy(() -> model.loadAdapter(gguf.asSlice(0, 100), "cut", bytes -> {
                    throw new AssertionError("asked for a way before the check");
                }))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("cut");
    }

    @Test
    void write_noSuchFolder_saysWhichAndWhatToDo() {
        Path absent = folder.resolve("absent");

        assertThatThrownBy(() -> model.loadAdapter(gguf, "a", bytes -> TemporaryAdapterFile.write(bytes, absent)))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining(absent.toString())
                .hasMessageContaining("java.io.tmpdir");
        assertThat(model.adapters()).isEmpty();
    }

    @Test
    @Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void load_modelIsClosedMeanwhile_bothEnd() throws InterruptedException {
        Thread closer = new Thread(() -> model.close());

        // when: an adapter is on its way into the library
        assertThatThrownBy(() -> model.loadAdapter(gguf, "late", bytes -> {
                    closer.start();
                    awaitClosed();
                    return new MemoryAdapterStream(bytes);
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");

        // then
        closer.join();
        assertThat(model.adapters()).isEmpty();
    }

    private void awaitClosed() {
        while (true) {
            try {
                model.requireOpen();
                Thread.onSpinWait();
            } catch (IllegalStateException e) {
                return;
            }
        }
    }

    private float[] logits(AdapterSet set) {
        context.attach(set);
        context.clear();
        context.decode(PROMPT);
        return context.logits();
    }

    private List<Path> left() {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
