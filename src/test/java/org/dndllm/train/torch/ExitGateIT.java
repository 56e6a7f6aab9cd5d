package org.dndllm.train.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExitGateIT {
    @TempDir
    Path folder;

    @Test
    void step_processIsAskedToEnd_endsAfterTheStep() throws Exception {
        // given
        Path file = folder.resolve("steps");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        EndlessSteps.class.getName(),
                        file.toString())
                .start();
        while (process.isAlive() && (!Files.exists(file) || Files.size(file) == 0)) {
            Thread.sleep(20);
        }

        // when: within a step
        process.destroy();

        // then
        assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(file)).matches("(\\(\\))+");
    }
}
