package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.EnvironmentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrtRuntimeTest {
    @TempDir
    Path folder;

    @Test
    void requireShortCommandLine_tooLong_refusedInsteadOfACrash() throws IOException {
        Path file = folder.resolve("cmdline");

        assertThatCode(() -> OrtRuntime.requireShortCommandLine(file)).doesNotThrowAnyException();
        Files.write(file, new byte[3900]);
        assertThatCode(() -> OrtRuntime.requireShortCommandLine(file)).doesNotThrowAnyException();
        Files.write(file, new byte[3901]);
        assertThatThrownBy(() -> OrtRuntime.requireShortCommandLine(file))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("3901")
                .hasMessageContaining("CLASSPATH");
    }
}
