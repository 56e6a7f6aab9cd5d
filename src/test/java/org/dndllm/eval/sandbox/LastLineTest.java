package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LastLineTest {
    private static final String TOKEN = "a-b";

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    0 0   | ''                            | EXITED    | 0
                    0 1   | ''                            | PROCESSES | 0
                    1 0   | ValueError: out of range      | EXITED    | 1
                    1 0   | MemoryError                   | MEMORY    | 1
                    2 0   | sh: 1: Cannot fork            | PROCESSES | 2
                    1 0   | OSError: File too large       | OUTPUT    | 1
                    153 0 | ''                            | OUTPUT    | 153
                    152 0 | ''                            | TIME      | 152
                    139 0 | ''                            | EXITED    | 139
                    0 0   | warning: Cannot allocate memory | EXITED  | 0
                    """)
    void status_andWordsOfTheProgram_giveTheEnding(String status, String stderr, Ending ending, int code) {
        SandboxRun run = read(Optional.empty(), "out\n" + TOKEN + " " + status + "\n", stderr);

        assertThat(run.ending()).isEqualTo(ending);
        assertThat(run.exitCode()).isEqualTo(code);
        assertThat(run.stdout()).isEqualTo("out");
    }

    @Test
    void stoppedBySandbox_isWhatTheSandboxSays() {
        SandboxRun run =
                read(Optional.of(Ending.TIME), "out", "own\nunshare: sigprocmask unblock failed: Invalid argument\n");

        assertThat(run.ending()).isEqualTo(Ending.TIME);
        assertThat(run.exitCode()).isEqualTo(-1);
        assertThat(run.stderr()).isEqualTo("own\n");
    }

    @Test
    void noStatus_isKilled() {
        assertThat(read(Optional.empty(), "out", "").ending()).isEqualTo(Ending.KILLED);
    }

    private static SandboxRun read(Optional<Ending> stopped, String stdout, String stderr) {
        return LastLine.read(TOKEN, stopped, stdout, stderr, Duration.ZERO);
    }
}
