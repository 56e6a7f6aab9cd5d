package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class Sha256Test {
    /** FIPS 180-4 example. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void of_bytesSegmentAndFile_agreeWithTheStandard(@TempDir Path folder) throws Exception {
        byte[] abc = "abc".getBytes(StandardCharsets.US_ASCII);
        Path file = folder.resolve("abc");
        Files.write(file, abc);

        assertThat(Sha256.of(abc)).isEqualTo(ABC);
        assertThat(Sha256.of(MemorySegment.ofArray(abc))).isEqualTo(ABC);
        assertThat(Sha256.of(file)).isEqualTo(ABC);
    }

    @Test
    void of_moreThanOneChunk_agrees(@TempDir Path folder) throws Exception {
        int[] words = new int[700_001];
        Arrays.setAll(words, i -> i * 31);
        byte[] bytes = MemorySegment.ofArray(words).toArray(ValueLayout.JAVA_BYTE);
        Path file = folder.resolve("big");
        Files.write(file, bytes);

        assertThat(Sha256.of(MemorySegment.ofArray(words)))
                .isEqualTo(Sha256.of(bytes))
                .isEqualTo(Sha256.of(file));
    }

    @Test
    void of_missingFile_isInvalidInput(@TempDir Path folder) {
        assertThatThrownBy(() -> Sha256.of(folder.resolve("none"))).isInstanceOf(InvalidInputException.class);
    }
}
