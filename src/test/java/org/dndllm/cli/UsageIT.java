package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.llama.NativeLibrary;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
                "experiment report extra",
                "experiment few-shot extra",
                "experiment report --items many",
                "experiment report --adapter",
                "bench",
                "bench unknown",
                "bench synthesize",
                "chat --prompt",
                "extractor base",
                "extractor static --save-to a --sentences many",
                "collect",
                "collect tasks",
                "collect tasks --save-to out --seeds many",
                "pull",
                "pull a/b --max-workers many",
                "import",
                "import a.pth --base qwen2.5-0.5b",
                "import a.pth --save-to b --seed many --base qwen2.5-0.5b",
                "lora",
                "lora merge",
                "lora canonicalize one two",
                "lora rank one two --base qwen2.5-0.5b --rank many",
                "lora quantize one --base qwen2.5-0.5b",
                "blend --base qwen2.5-0.5b",
                "score",
                "score a.json --items many",
                "diagnose --seed many",
                "score-code",
                "score-code problems.jsonl --run-code",
                "score-code problems.jsonl --samples s.jsonl --run-code -k many",
            })
    void wrongUsage_exitCodeTwoAndUsage(String line) {
        Cli run = Cli.run((Object[]) line.split(" "));

        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Usage: dnd").doesNotContain("\tat ");
    }

    /** Values that picocli takes and the command refuses: the same exit code, one line that names the flag. */
    @ParameterizedTest
    @CsvSource({
        "--ep,           demo --ep gpu",
        "--ep,           generate --prompts absent.txt --save-to out --ep tpu",
        "--precision,    generate --prompts absent.txt --save-to out --precision f8",
        "--precision,    serve --precision int8 --no-layout",
        "--fused,        bench chain --fused --no-layout",
        "--gpu-memory,   demo --gpu-memory 24gb",
        "--gpu-memory,   serve --gpu-memory 1m",
        "--adapter-type, demo --adapter-type q8_0",
        "--adapter-type, bench adapter --adapter-type f64",
        "--task,         demo --task unknown",
        "--items,        demo --items -1",
        "--type,         convert absent target.gguf --base qwen2.5-0.5b --type q2_k",
        "--type,         convert onnx/nano/base.gguf absent-folder --base qwen2.5-0.5b --type f16",
        "--type,         bench synthesize qwen2.5-0.5b target.gguf --type q4_0",
        "--rounds,       bench soak --rounds 1",
        "--pairs,        bench decode --pairs 0",
        "AFTER,          bench compare one.json",
        "BEFORE,         bench compare one.json two.json --c-loop native/bench/run",
        "--pairs,        bench compare --pairs 0",
        "--patience,     bench compare --patience 0",
        "--official,     bench compare --official absent",
        "--rounds,       bench generator --rounds 0",
        "--rounds,       bench chain --rounds 0",
        "--no-cpu,       bench chain --no-cpu",
        "--preset,       bench chain --preset qwen9",
        "--preset,       bench chain --preset qwen2.5-0.5b -m base.gguf",
        "--preset,       bench chain --preset qwen2.5-72b",
        "--generator-preset, bench chain --preset qwen2.5-0.5b --generator-preset other",
        "--generator-preset, bench chain --generator-preset compact-qwen2.5-0.5b",
        "--only,         bench serve --only all",
        "--streams,      bench serve --streams 1",
        "--pairs,        bench likelihood --pairs 0",
        "--scorer,       score absent.json --scorer bleu",
        "--items,        score absent.json --items -1",
        "--json,         chat --json",
        "--lora-scaled,  chat --prompt a --lora-scaled adapter.gguf",
        "temperature,    chat --prompt a --temp -1",
        "backend,        chat --prompt a -ngl 3",
        "contextLength,  chat --prompt a -c -1",
        "threads,        chat --prompt a -t -1",
        "repository,     pull a/b/c",
        "revision,       pull a/b --revision ../c",
        "quantisation,   pull qwen2.5-0.5b-instruct:q9",
        "pattern,        pull a/b --include [z-a]",
        "--repo-type,    pull a/b --repo-type space",
        "--repo-type,    pull dnd-math7b --repo-type dataset",
        "--max-workers,  pull a/b --max-workers 0",
        "--sentences,    extractor static --save-to absent --sentences 0",
        "--steps,        extractor denoise --save-to absent --steps 0",
        "--control,      eval --control fame",
        "--conditions,   diagnose --conditions --task a",
        "--adapter,      diagnose --adapter absent --save a.json",
        "rank,           collect absent --save-to out --rank 0",
        "alpha,          lora canonicalize absent out --base qwen2.5-0.5b --alpha 0",
        "--energy,       lora rank absent out --base qwen2.5-0.5b --energy 2",
        "TARGET,         lora quantize absent out --base qwen2.5-0.5b",
        "--lora-scaled,  blend out.gguf --base qwen2.5-0.5b --lora-scaled adapter",
        "host:,          serve --host 0.0.0.0",
        "host:,          serve --host no.such.host.invalid",
        "port:,          serve --port 70000",
        "--api-key-file, serve --api-key-file absent",
        "--lora-scaled,  serve --lora-scaled adapter.gguf",
        "--timeout,      serve --timeout 0",
        "parallel,       serve --parallel 0",
        "contexts,       serve --contexts 0",
        "queue,          serve --queue 0",
        "temperature,    serve --temp -1",
        "--receive-timeout, serve --receive-timeout 0",
        "--max-connections, serve --max-connections 0",
        "--hf-repo,      serve -hf a/b -m base.gguf",
        "--hf-repo,      serve -hf a/b:",
        "repository,     serve -hf a/b/c",
        "quantisation,   serve -hf qwen2.5-0.5b-instruct:q9",
        "--chat-template, serve --chat-template absent.jinja",
        "--minutes,      bench serve-soak --minutes 0",
        "--fused,        generate --prompts absent --save-to absent --fused --no-layout",
        "--adapter,      diagnose --adapter absent --task a",
        "--reference,    diagnose --reference absent",
        "--prompts,      diagnose --prompts absent --task a",
        "--run-code,     score-code absent --samples absent",
        "--time-limit,   score-code absent --samples absent --run-code --time-limit 0",
        "--memory-limit, score-code absent --samples absent --run-code --memory-limit 1",
        "-k,             score-code absent --samples absent --run-code -k 0",
    })
    void wrongFlagValue_exitCodeTwoAndItsName(String flag, String line) {
        Cli.run((Object[]) line.split(" ")).refused(2, flag);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "generate",
                "chat",
                "serve",
                "convert",
                "inspect",
                "diagnose",
                "doctor",
                "pull",
                "bench",
                "bench chain",
                "bench compare",
                "bench synthesize",
                "bench generator",
                "bench adapter",
                "bench decode",
                "bench soak",
                "bench serve",
                "bench serve-soak",
                "bench likelihood",
                "score",
                "build-nano",
                "extractor",
                "extractor static",
                "extractor denoise",
                "extractor base",
                "collect",
                "import",
                "lora",
                "lora canonicalize",
                "lora rank",
                "lora blend",
                "lora quantize",
                "blend",
                "score-code",
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

    @ParameterizedTest
    @ValueSource(
            strings = {"demo", "chat --prompt a", "generate --prompts %s --save-to %s", "bench adapter --rounds 1"})
    void environment_nativeAccessDenied_oneLineNamingTheFlag(String line) throws IOException, InterruptedException {
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "one\ntwo\n");

        Cli run = child(
                NativeLibrary.locate().folder(),
                Cli.ROOT,
                denyNativeAccess(),
                List.of(line.formatted(prompts, folder.resolve("out")).split(" ")));

        run.refused(3, "denies", "--enable-native-access=ALL-UNNAMED");
    }

    @Test
    void environment_nativeAccessDenied_doctorNamesTheFlagForBothEngines() throws IOException, InterruptedException {
        Cli run = child(NativeLibrary.locate().folder(), Cli.ROOT, denyNativeAccess(), List.of("doctor"));

        assertThat(run.code()).isEqualTo(3);
        assertThat(run.out().lines().filter(line -> line.startsWith("PROBLEM")))
                .hasSize(2)
                .allMatch(line -> line.contains("--enable-native-access=ALL-UNNAMED"));
        assertThat(run.err()).isEmpty();
    }

    /** From JDK 24 on there is a flag for it; before, naming any module denied all others. */
    private static String denyNativeAccess() {
        return Runtime.version().feature() >= 24
                ? "--illegal-native-access=deny"
                : "--enable-native-access=java.logging";
    }

    private Cli child(Path libraries, Path home, List<String> arguments) throws IOException, InterruptedException {
        return child(libraries, home, "--enable-native-access=ALL-UNNAMED", arguments);
    }

    /** A JVM of its own, as the launcher starts it: the native library is loaded once per process. */
    private Cli child(Path libraries, Path home, String access, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                access,
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-Ddnd.home=" + home,
                Main.class.getName()));
        command.addAll(arguments);
        Path out = Files.createTempFile("out", "");
        Path err = Files.createTempFile("err", "");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
            builder.environment().put("DND_LLAMA_LIB_PATH", libraries.toString());
            // not on the command line: ONNX Runtime crashes on long ones
            builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
            int code = builder.start().waitFor();
            return new Cli(
                    code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }
}
