package org.dndllm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** scripts/dnd on machines that lack something: a clear line on standard error and exit code 3, never a stack trace. */
class LauncherIT {
    private static final Path ROOT = Path.of(System.getProperty("dnd.root", "."));
    /** All that the launcher may count on; mvn, npm and java are not among them. */
    private static final List<String> TOOLS = List.of(
            "sh",
            "sed",
            "head",
            "dirname",
            "readlink",
            "find",
            "grep",
            "mkdir",
            "rm",
            "mv",
            "ls",
            "uname",
            "getconf",
            "mktemp",
            "tr",
            "cat",
            "cp",
            "basename",
            "cut");

    @TempDir
    Path folder;

    private Path project;
    private Path tools;

    /** @param err standard error */
    private record Ended(int code, String out, String err) {
        void environment(String... words) {
            assertThat(code).as(err).isEqualTo(3);
            assertThat(out).isEmpty();
            assertThat(err.lines()).as(err).hasSize(1);
            assertThat(err).contains(words);
        }
    }

    @BeforeEach
    void prepare() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "needs a POSIX shell");
        project = folder.resolve("project");
        copyFolder(ROOT.resolve("scripts"), project.resolve("scripts"));
        for (String file : List.of("native/install", "native/common.sh", "native/llama.properties", "pom.xml")) {
            copy(ROOT.resolve(file), project.resolve(file));
        }
        Files.createDirectories(project.resolve("src/main"));
        Files.createDirectories(project.resolve("bindings"));
        tools = Files.createDirectory(folder.resolve("bin"));
        for (String tool : TOOLS) {
            Path found = onPath(tool);
            if (found != null) {
                Files.createSymbolicLink(tools.resolve(tool), found);
            }
        }
    }

    @Test
    void dnd_onlyAnOldJdk_saysWhichAndWhatToDo() throws IOException, InterruptedException {
        Path old = jdk("old", "17.0.9");

        launch(Map.of("DND_JAVA_HOME", old.toString(), "DND_JDK_FOLDERS", ""))
                .environment("JDK 22 or newer", "17 (" + old + ")", "DND_JAVA_HOME");
    }

    @Test
    void dnd_java8Numbering_isUnderstood() throws IOException, InterruptedException {
        Path old = jdk("eight", "1.8.0_402");

        launch(Map.of("JAVA_HOME", old.toString(), "DND_JDK_FOLDERS", "")).environment("8 (" + old + ")");
    }

    @Test
    void dnd_noJdk_saysSo() throws IOException, InterruptedException {
        launch(Map.of("DND_JDK_FOLDERS", "")).environment("found: none");
    }

    @Test
    void dnd_testScript_hasTheSameCheck() throws IOException, InterruptedException {
        run("scripts/test", Map.of("DND_JDK_FOLDERS", "")).environment("JDK 22 or newer");
    }

    @Test
    void dnd_severalInstalledJdks_takesTheNewest() throws IOException, InterruptedException {
        // given: no build, so that the launcher ends right after it has chosen
        jdk("jdks/a", "17.0.9");
        Path newest = jdk("jdks/b", "25.0.1");
        jdk("jdks/c", "22");

        Ended ended = run(
                "-c",
                ". scripts/find-jdk; dnd_find_jdk; echo \"$JAVA_HOME\"",
                Map.of("DND_JDK_FOLDERS", folder + "/jdks/*"));

        assertThat(ended.out().strip()).isEqualTo(newest.toString());
    }

    @Test
    void dnd_mavenMissing_saysSo() throws IOException, InterruptedException {
        launch(Map.of("DND_JAVA_HOME", jdk("new", "25").toString())).environment("mvn", "Maven");
    }

    @Test
    void dnd_npmMissingAndCacheEmpty_saysSo() throws IOException, InterruptedException {
        // given: built already
        Files.createDirectories(project.resolve("target"));
        Files.createFile(project.resolve("target/dnd-build"));
        Path cache = folder.resolve("cache");

        // when, then: and no half-filled cache stays
        launch(Map.of("DND_JAVA_HOME", jdk("new", "25").toString(), "XDG_CACHE_HOME", cache.toString()))
                .environment("npm", "Node.js", "DND_LLAMA_LIB_PATH");
        try (Stream<Path> left = Files.list(cache.resolve("dnd/native"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void dnd_everythingThere_startsJavaWithTheArguments() throws IOException, InterruptedException {
        // given: a java that prints what it gets
        Files.createDirectories(project.resolve("target"));
        Files.createFile(project.resolve("target/dnd-build"));
        Path jdk = jdk("new", "25");

        // when
        Ended ended = launch(Map.of("DND_JAVA_HOME", jdk.toString(), "DND_LLAMA_LIB_PATH", folder.toString()));

        // then
        assertThat(ended.code()).isZero();
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out())
                .contains("--enable-native-access=ALL-UNNAMED", "-Ddnd.home=", "org.dndllm.cli.Main demo --json");
    }

    @Test
    void dnd_trainingCommandWithoutLibTorchAndMaven_saysSo() throws IOException, InterruptedException {
        // given: built already, LibTorch not fetched yet
        Files.createDirectories(project.resolve("target"));
        Files.createFile(project.resolve("target/dnd-build"));
        Map<String, String> environment =
                Map.of("DND_JAVA_HOME", jdk("new", "25").toString(), "DND_LLAMA_LIB_PATH", folder.toString());

        // when, then: only training asks for it, and its help does not
        run("scripts/dnd", "collect tasks", environment).environment("mvn", "LibTorch");
        assertThat(run("scripts/dnd", "collect --help", environment).code()).isZero();
    }

    @Test
    void dnd_trainingCommand_startsJavaWithLibTorch() throws IOException, InterruptedException {
        // given: LibTorch of the pinned version fetched before
        Files.createDirectories(project.resolve("target/train-lib"));
        Files.createFile(project.resolve("target/dnd-build"));
        Files.createFile(project.resolve("target/train-lib/pytorch-" + pinned("pytorch.version") + ".jar"));
        Map<String, String> environment =
                Map.of("DND_JAVA_HOME", jdk("new", "25").toString(), "DND_LLAMA_LIB_PATH", folder.toString());

        // when
        Ended training = run("scripts/dnd", "collect tasks", environment);
        Ended plain = launch(environment);

        // then
        assertThat(training.out())
                .contains("target/train-lib/*", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "--sun-misc-unsafe");
        assertThat(training.err()).isEmpty();
        assertThat(run("scripts/dnd", "bench training", environment).out()).contains("target/train-lib/*");
        assertThat(run("scripts/dnd", "bench soak", environment).out()).doesNotContain("train-lib");
        assertThat(plain.out()).doesNotContain("train-lib", "--sun-misc-unsafe");
    }

    @Test
    void dnd_cudaFlavourOfOnnxRuntime_standsInPlaceOfThePlainOne() throws IOException, InterruptedException {
        // given: built, the CUDA flavour of the pinned version fetched before
        Files.createDirectories(project.resolve("target"));
        Files.createFile(project.resolve("target/dnd-build"));
        Path gpu = Files.createDirectories(project.resolve("target/lib-cuda"));
        Files.createFile(gpu.resolve("onnxruntime_gpu-" + pinned("onnxruntime.version") + ".jar"));
        Map<String, String> plain =
                Map.of("DND_JAVA_HOME", jdk("new", "25").toString(), "DND_LLAMA_LIB_PATH", folder.toString());
        Map<String, String> cuda = new java.util.HashMap<>(plain);
        cuda.put("DND_ORT_VARIANT", "cuda");

        // when, then
        assertThat(launch(plain).out()).contains("target/lib/*").doesNotContain("lib-cuda");
        Ended ended = launch(cuda);
        assertThat(ended.err()).isEmpty();
        assertThat(ended.out()).contains("target/lib-cuda/*").doesNotContain("target/lib/*");

        // and: another word is a usage error, and without Maven a missing flavour says what fetches it
        cuda.put("DND_ORT_VARIANT", "rocm");
        assertThat(launch(cuda).code()).isEqualTo(2);
        Files.delete(gpu.resolve("onnxruntime_gpu-" + pinned("onnxruntime.version") + ".jar"));
        cuda.put("DND_ORT_VARIANT", "cuda");
        launch(cuda).environment("mvn", "ONNX Runtime for CUDA");
    }

    private String pinned(String property) throws IOException {
        return Files.readString(project.resolve("pom.xml")).replaceAll("(?s).*<" + property + ">([^<]*)<.*", "$1");
    }

    private Ended launch(Map<String, String> environment) throws IOException, InterruptedException {
        return run("scripts/dnd", "demo --json", environment);
    }

    private Ended run(String script, Map<String, String> environment) throws IOException, InterruptedException {
        return run(script, "", environment);
    }

    /** Runs {@code sh script arguments} in the project with these variables and no others. */
    private Ended run(String script, String arguments, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path out = folder.resolve("stdout");
        Path err = folder.resolve("stderr");
        List<String> command = script.equals("-c")
                ? List.of("/bin/sh", "-c", arguments)
                : Stream.concat(Stream.of("/bin/sh", script), Arrays.stream(arguments.split(" ")))
                        .filter(word -> !word.isEmpty())
                        .toList();
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(project.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        Map<String, String> all = new HashMap<>(environment);
        all.put("PATH", tools.toString());
        all.put("HOME", folder.toString());
        builder.environment().clear();
        builder.environment().putAll(all);
        int code = builder.start().waitFor();
        return new Ended(
                code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }

    /** A folder that looks like a JDK; its java prints its arguments. */
    private Path jdk(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        Files.createDirectories(home.resolve("bin"));
        for (String program : List.of("java", "javac")) {
            Path file = Files.writeString(home.resolve("bin").resolve(program), "#!/bin/sh\necho \"$@\"\n");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private static @org.jspecify.annotations.Nullable Path onPath(String tool) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to.getParent());
        Files.copy(from, to);
    }
}
