package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void writeString_newAndExisting_replacesWhole() throws IOException {
        Path target = folder.resolve("new/sub/text.txt");

        AtomicFile.writeString(target, "first, and longer");
        AtomicFile.writeString(target, "zweite Fassung: ä");

        assertThat(target).hasContent("zweite Fassung: ä");
        assertThat(names(target.getParent())).containsExactly("text.txt");
    }

    @Test
    void write_bodyFails_keepsOldContentAndNoLitter() throws IOException {
        // given
        Path target = folder.resolve("text.txt");
        AtomicFile.writeString(target, "old");

        // when
        assertThatThrownBy(() -> AtomicFile.write(target, channel -> {
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("text.txt")
                .hasMessageContaining("No space left");

        // then
        assertThat(target).hasContent("old");
        assertThat(names(folder)).containsExactly("text.txt");
    }

    @Test
    void write_targetIsFolder_isRefused() {
        assertThatThrownBy(() -> AtomicFile.writeString(folder, "x")).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void write_parentIsFile_isEnvironment() throws IOException {
        Files.writeString(folder.resolve("file"), "x");

        assertThatThrownBy(() -> AtomicFile.writeString(folder.resolve("file/below"), "x"))
                .isInstanceOf(EnvironmentException.class);
    }

    @Test
    void writeFolder_new_appearsWhole() throws IOException {
        Path target = folder.resolve("adapter");

        AtomicFile.writeFolder(target, AtomicFileTest::twoFiles, false);

        assertThat(target.resolve("deep/b.txt")).hasContent("b");
        assertThat(names(folder)).containsExactly("adapter");
    }

    @Test
    void writeFolder_existing_needsReplace() throws IOException {
        // given
        Path target = folder.resolve("adapter");
        Files.createDirectory(target);
        Files.writeString(target.resolve("old.txt"), "old");

        // then
        assertThatThrownBy(() -> AtomicFile.writeFolder(target, AtomicFileTest::twoFiles, false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists already");
        assertThat(names(target)).containsExactly("old.txt");

        // when
        AtomicFile.writeFolder(target, AtomicFileTest::twoFiles, true);

        // then
        assertThat(names(target)).containsExactly("a.txt", "deep");
        assertThat(names(folder)).containsExactly("adapter");
    }

    @Test
    void writeFolder_bodyFails_keepsOldFolder() throws IOException {
        // given
        Path target = folder.resolve("adapter");
        AtomicFile.writeFolder(target, AtomicFileTest::twoFiles, false);

        // when
        assertThatThrownBy(() -> AtomicFile.writeFolder(
                        target,
                        half -> {
                            Files.writeString(half.resolve("half.txt"), "half");
                            throw new IllegalStateException("stopped");
                        },
                        true))
                .isInstanceOf(IllegalStateException.class);

        // then
        assertThat(names(target)).containsExactly("a.txt", "deep");
        assertThat(names(folder)).containsExactly("adapter");
    }

    private static void twoFiles(Path into) throws IOException {
        Files.writeString(into.resolve("a.txt"), "a");
        Files.createDirectory(into.resolve("deep"));
        Files.writeString(into.resolve("deep/b.txt"), "b");
    }

    private static List<String> names(Path of) throws IOException {
        try (Stream<Path> entries = Files.list(of)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }
}
