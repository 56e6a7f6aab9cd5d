package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterSoakIT {
    private static final long MOST_GROWTH_KIB = 8 << 10;

    @TempDir
    Path folder;

    @Test
    void lifecycle_thousandRounds_memoryStaysBounded() throws IOException, InterruptedException {
        assumeTrue(Files.isReadable(Path.of("/proc/self/status")), "needs /proc/self/status (Linux)");
        // given: a heap that is resident from the start and never changes
        Path output = folder.resolve("growth");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        // C2's own working memory grows by some 10 MB in bursts until everything is compiled
                        "-XX:TieredStopAtLevel=1",
                        "-Xms256m",
                        "-Xmx256m",
                        "-XX:+AlwaysPreTouch",
                        "-D" + NativeLibrary.PATH_PROPERTY + "="
                                + NativeLibrary.locate().folder(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        AdapterSoak.class.getName(),
                        TinyModel.write(folder).toString())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();

        // when
        int exit = process.waitFor();

        // then
        assertThat(exit).isZero();
        long growth =
                Long.parseLong(Files.readString(output, StandardCharsets.UTF_8).strip());
        assertThat(growth)
                .as("KiB of growth after round " + AdapterSoak.WARM_UP + " of " + AdapterSoak.ROUNDS)
                .isLessThan(MOST_GROWTH_KIB);
    }
}
