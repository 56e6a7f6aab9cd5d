package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Exit codes 2 and 3, help and version. */
class UsageIT {
    @TempDir
    Path folder;

    @Test
    void noArguments_usageOnStandardError() {
        Cli run = Cli.run();

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: dnd", "demo", "Examples:", "Exit codes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zzz",
                "demo --unknown",
                "demo --seed many",
                "demo extra",
                "generate",
                "generate --prompts a.json",
                "generate --save-to out",
                "generate --prompts a --save-to b --format xml",
                "convert one",
                "convert one two",
                "inspect",
                "bench",
                "bench unknown",
                "bench synthesize",
                "chat --prompt",
                "collect",
                "collect tasks",
                "collect tasks --save-to out --seeds many",
            })
    void wrongUsage_exitCodeTwoAndUsage(String line) {
        Cli run = Cli.run((Object[]) line.split(" "));

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: dnd").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "generate",
                "chat",
                "convert",
                "inspect",
                "doctor",
                "bench",
                "bench synthesize",
                "bench adapter",
                "bench decode",
                "bench soak",
                "build-nano",
                "collect",
            })
    void help_everyCommand_hasAnExample(String command) {
        Cli run = Cli.run((Object[]) (command + " --help").strip().split(" ")).ok();

        assertThat(run.out()).contains("Usage: dnd", "Examples:").containsPattern("Examples:\\R  \\S+");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void version_isPrinted() {
        assertThat(Cli.run("--version").ok().out()).contains("dnd");
    }

    @Test
    void environment_emptyLibraryFolder_exitCodeThreeAndWhatToDo() throws IOException, InterruptedException {
        for (List<String> command : List.of(List.of("demo"), List.of("chat", "--prompt", "a"))) {
            Cli run = child(folder, Cli.ROOT, command);

            assertThat(run.code()).isEqualTo(3);
            assertThat(run.out()).isEmpty();
            assertThat(run.err())
                    .startsWith("dnd: ")
                    .contains(folder.toString(), "native/install")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void environment_doctor_namesTheProblemAndExitsThree() throws IOException, InterruptedException {
        Cli run = child(folder, Cli.ROOT, List.of("doctor"));

        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out()).contains("PROBLEM", folder.toString());
    }

    @Test
    void environment_noNanoSet_exitCodeThree() throws IOException, InterruptedException {
        child(folder, folder, List.of("demo")).refused(3, "nano set", "scripts/dnd");
    }

    /** A JVM of its own, as the launcher starts it: the native library is loaded once per process. */
    private Cli child(Path libraries, Path home, List<String> arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-Ddnd.home=" + home,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(arguments);
        Path out = Files.createTempFile("out", "");
        Path err = Files.createTempFile("err", "");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            builder.environment().put("DND_LLAMA_LIB_PATH", libraries.toString());
            int code = builder.start().waitFor();
            return new Cli(
                    code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }
}
