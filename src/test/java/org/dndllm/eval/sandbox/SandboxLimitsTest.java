package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;

class SandboxLimitsTest {

    @Test
    void processorTime_coversTheClock() {
        assertThat(SandboxLimits.of(Duration.ofMillis(1200)).cpu()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void senselessValues_areRefusedByName() {
        SandboxLimits limits = SandboxLimits.of(Duration.ofSeconds(1));

        assertThatThrownBy(() -> limits.withMemory(1))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("memory: is 1");
        assertThatThrownBy(() -> limits.withProcesses(0)).hasMessageContaining("processes: is 0");
        assertThatThrownBy(() -> SandboxLimits.of(Duration.ZERO)).hasMessageContaining("wall: is 0");
    }

    @Test
    void interpreter_thatWouldShowTheHomeFolder_isRefused() {
        Path home = Path.of(System.getProperty("user.home"));

        assertThatThrownBy(() -> new Interpreter(home.resolve("python"), true, List.of(home)))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("home folder");
        assertThatThrownBy(() -> new Interpreter(home.resolve("python"), true, List.of(Path.of("/"))))
                .isInstanceOf(EnvironmentException.class);
    }

    @Test
    void interpreter_thatIsNotThere_isRefused() {
        assertThatThrownBy(() -> Interpreter.python("no-such-python"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("no-such-python cannot be run");
        assertThatThrownBy(() -> Interpreter.python("true"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("no Python 3");
    }
}
