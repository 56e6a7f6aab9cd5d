package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Runs {@code native/test-install}: the script that fetches the libraries, tested offline with a stand-in for npm. */
final class NativeInstallIT {
    private static final Path SCRIPT = Path.of(System.getProperty("dnd.root", "."), "native", "test-install")
            .toAbsolutePath();

    @Test
    void testInstall_offline_passesEveryCheck() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Files.isExecutable(SCRIPT), "outside the project folder: no " + SCRIPT);
        Assumptions.assumeFalse(
                System.getProperty("os.name").startsWith("Windows"), "native/install is a POSIX script");
        // given
        Process process =
                new ProcessBuilder(SCRIPT.toString()).redirectErrorStream(true).start();
        // when
        List<String> lines;
        try (var in = process.inputReader(StandardCharsets.UTF_8)) {
            lines = in.lines().toList();
        }
        // then
        assertThat(process.waitFor()).as("exit code; output %s", lines).isZero();
        assertThat(lines).hasSizeGreaterThan(20).allMatch(line -> line.startsWith("ok "));
    }
}
