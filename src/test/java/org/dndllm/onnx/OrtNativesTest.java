package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrtNativesTest {
    @TempDir
    Path cache;

    private Path folder;

    @BeforeEach
    void unpack() throws IOException {
        var unpacked = OrtNatives.unpack(cache);
        assumeTrue(unpacked.isPresent(), "no jar with this platform's libraries for processors on the class path");
        folder = unpacked.get();
    }

    @Test
    void unpack_again_leavesWholeFilesAlone() throws IOException {
        Path library = folder.resolve(System.mapLibraryName("onnxruntime4j_jni"));
        Files.setLastModifiedTime(library, FileTime.fromMillis(0));

        assertThat(OrtNatives.unpack(cache)).contains(folder);

        assertThat(Files.getLastModifiedTime(library)).isEqualTo(FileTime.fromMillis(0));
        assertThat(folder.resolve(System.mapLibraryName("onnxruntime"))).exists();
    }

    @Test
    void unpack_damagedFile_isWrittenAnew() throws IOException {
        Path library = folder.resolve(System.mapLibraryName("onnxruntime4j_jni"));
        byte[] whole = Files.readAllBytes(library);
        byte[] damaged = whole.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(library, damaged);

        OrtNatives.unpack(cache);

        assertThat(library).hasBinaryContent(whole);
    }

    @Test
    void install_folderNamedByTheUser_isKept() {
        String before = System.getProperty(OrtNatives.PROPERTY);
        System.setProperty(OrtNatives.PROPERTY, "of the user");
        try {
            OrtNatives.install(cache);

            assertThat(System.getProperty(OrtNatives.PROPERTY)).isEqualTo("of the user");
        } finally {
            if (before == null) {
                System.clearProperty(OrtNatives.PROPERTY);
            } else {
                System.setProperty(OrtNatives.PROPERTY, before);
            }
        }
    }
}
