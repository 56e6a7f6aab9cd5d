package org.dndllm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import org.dndllm.format.Sha256;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifiedFilesTest {
    private static final Clock LATER = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(1));

    @TempDir
    Path folder;

    private Path notes;

    @BeforeEach
    void needsInodes() {
        assumeTrue(FileSystems.getDefault().supportedFileAttributeViews().contains("unix"), "no unix attributes here");
        notes = folder.resolve(VerifiedFiles.NOTES);
    }

    @Test
    void sha256_unchangedLargeFile_takesTheNote() throws IOException {
        // given: a note that we can tell from a true hash
        Path file = Files.writeString(folder.resolve("weights"), "0123456789");
        String hash = files(LATER).sha256("weights");
        assertThat(hash).isEqualTo(Sha256.of(file));
        Files.writeString(notes, Files.readString(notes).replace(hash, "f".repeat(64)));
        // then
        assertThat(files(LATER).sha256("weights")).isEqualTo("f".repeat(64));
    }

    @Test
    void sha256_sameSizeAndTimeButWritten_isHashedAgain() throws IOException {
        // given: an edit that puts the time of the last write back, as a tool might
        Path file = Files.writeString(folder.resolve("weights"), "0123456789");
        FileTime written = Files.getLastModifiedTime(file);
        String before = files(LATER).sha256("weights");
        Files.writeString(file, "9876543210");
        Files.setLastModifiedTime(file, written);
        // then
        assertThat(files(LATER).sha256("weights")).isEqualTo(Sha256.of(file)).isNotEqualTo(before);
    }

    @Test
    void sha256_smallOrJustChanged_leavesNoNote() throws IOException {
        Files.writeString(folder.resolve("small"), "123");
        Files.writeString(folder.resolve("weights"), "0123456789");

        files(LATER).sha256("small");
        files(Clock.systemUTC()).sha256("weights");

        assertThat(notes).doesNotExist();
    }

    @Test
    void sha256_damagedNotes_areIgnored() throws IOException {
        Path file = Files.writeString(folder.resolve("weights"), "0123456789");
        for (String damaged : new String[] {"", "{", "[1]", "{\"weights\":3}", "{\"weights\":{\"state\":1}}"}) {
            Files.writeString(notes, damaged);
            assertThat(files(LATER).sha256("weights")).as(damaged).isEqualTo(Sha256.of(file));
        }
    }

    private VerifiedFiles files(Clock clock) {
        return new VerifiedFiles(folder, 10, clock);
    }
}
