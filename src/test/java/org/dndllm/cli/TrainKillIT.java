package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.format.SafetensorsFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** {@code dnd train} in processes that are killed while they train. */
class TrainKillIT {
    private static final int KILLS = 10;
    private static final int STEPS = 60;
    private static final int CHECKPOINT_EVERY = 4;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @TempDir
    Path folder;

    @Test
    void train_killedAtTenRandomMoments_losesLittleAndGivesTheSameBits() throws IOException, InterruptedException {
        // given
        Path tasks = tasks("copy", "other");
        Path whole = folder.resolve("whole/bundle");
        Path killed = folder.resolve("killed/bundle");
        Path run = work(killed);
        long seed = 29;
        Random random = new Random(seed);
        toTheEnd(train(tasks, whole));

        // when
        for (int kill = 1; kill <= KILLS; kill++) {
            // a line beyond those of the process before, so that kills fall into training and not into the JVM's start
            int line = steps(run) + 1 + random.nextInt(CHECKPOINT_EVERY);
            Process process = child(train(tasks, killed));
            awaitLine(run, line, process);
            boolean ended = process.waitFor(random.nextInt(15), TimeUnit.MILLISECONDS);
            process.destroyForcibly().waitFor();

            // then
            assertThat(ended)
                    .as("seed %d, kill %d: ended by itself: %s", seed, kill, Files.readString(said()))
                    .isFalse();
            requireSound(run);
            assertThat(killed).doesNotExist();
            assertThat(steps(run) - checkpoint(run))
                    .as("seed %d: steps lost, kill %d", seed, kill)
                    .isLessThanOrEqualTo(CHECKPOINT_EVERY);
        }
        toTheEnd(train(tasks, killed));

        assertThat(curve(work(killed))).isEqualTo(curve(work(whole))).hasSize(STEPS);
        assertThat(GeneratorBundle.open(killed).manifest().files())
                .isEqualTo(GeneratorBundle.open(whole).manifest().files());
        requireSound(run);
        assertThat(visible(run.resolve("checkpoints"))).hasSizeLessThanOrEqualTo(1);
        assertThat(visible(killed.getParent())).containsExactlyInAnyOrder(killed, run);
    }

    /** A limit on the size of files stands for the full disk: the write fails in the same place, for any user. */
    @Test
    void train_diskFullAtACheckpoint_saysSoKeepsTheLastOneAndGoesOn() throws IOException, InterruptedException {
        // given
        Path tasks = tasks("copy", "other");
        Path whole = folder.resolve("whole/bundle");
        Path full = folder.resolve("full/bundle");
        Path run = work(full);
        toTheEnd(train(tasks, whole));
        Process process = child(train(tasks, full));
        awaitLine(run, CHECKPOINT_EVERY + 1, process);
        process.destroyForcibly().waitFor();
        int kept = checkpoint(run);
        assertThat(kept).isPositive();

        // when
        int code = child(
                        List.of("sh", "-c", "ulimit -f 16; exec \"$0\" \"$@\""),
                        List.of("-Donnxruntime.native.path=" + onnxRuntime()),
                        train(tasks, full))
                .waitFor();

        // then
        assertThat(code).as(Files.readString(said())).isEqualTo(3);
        assertThat(Files.readString(said())).contains("checkpoints", "File too large", "space");
        assertThat(checkpoint(run)).isEqualTo(kept);
        requireSound(run);
        assertThat(full).doesNotExist();
        toTheEnd(train(tasks, full));
        assertThat(curve(run)).isEqualTo(curve(work(whole))).hasSize(STEPS);
    }

    private static List<String> train(Path tasks, Path bundle) {
        return Stream.of(
                        "train",
                        tasks,
                        "--save-to",
                        bundle,
                        "--steps",
                        STEPS,
                        "--checkpoint-every",
                        CHECKPOINT_EVERY,
                        "--validate-every",
                        5,
                        "--warmup",
                        4,
                        "--rank",
                        2,
                        "--prompts",
                        6,
                        "--length",
                        12,
                        "--slots",
                        4,
                        "--width",
                        8,
                        "--stages",
                        "8,2,32",
                        "--tasks-per-step",
                        2,
                        "--items-per-task",
                        2,
                        "--threads",
                        1,
                        "--json")
                .map(Object::toString)
                .toList();
    }

    private static Path work(Path bundle) {
        return bundle.resolveSibling(bundle.getFileName() + ".work");
    }

    /**
     * A JVM of its own, as the launcher starts it. The class path goes by the environment, because ONNX Runtime 1.29.0
     * crashes in processes whose command line is longer than some 3900 bytes.
     */
    private Process child(List<String> arguments) throws IOException {
        return child(List.of(), List.of(), arguments);
    }

    private Process child(List<String> starter, List<String> jvm, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(starter);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-D") || argument.startsWith("--"))
                .forEach(command::add);
        command.addAll(jvm);
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Ddnd.home=" + Cli.ROOT, Main.class.getName()));
        command.addAll(arguments);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said().toFile());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder.start();
    }

    /** ONNX Runtime's libraries, unpacked: a process that may not write large files cannot unpack them itself. */
    private Path onnxRuntime() throws IOException {
        Path natives = Files.createDirectories(folder.resolve("onnxruntime"));
        String platform = "linux-" + (System.getProperty("os.arch").equals("amd64") ? "x64" : "aarch64");
        for (String name : List.of("libonnxruntime.so", "libonnxruntime4j_jni.so")) {
            String resource = "/ai/onnxruntime/native/" + platform + "/" + name;
            try (InputStream library = OrtEnvironment.class.getResourceAsStream(resource)) {
                Files.copy(Objects.requireNonNull(library, resource), natives.resolve(name));
            }
        }
        return natives;
    }

    private void toTheEnd(List<String> arguments) throws IOException, InterruptedException {
        int code = child(arguments).waitFor();
        assertThat(code).as(Files.readString(said())).isZero();
    }

    /** What the last child said. */
    private Path said() {
        return folder.resolve("said.txt");
    }

    private static void awaitLine(Path run, int line, Process process) throws IOException, InterruptedException {
        while (process.isAlive() && steps(run) < line) {
            process.waitFor(2, TimeUnit.MILLISECONDS);
        }
    }

    /** Whole lines of the metrics, one per step. */
    private static int steps(Path run) throws IOException {
        Path metrics = run.resolve("metrics.jsonl");
        return Files.exists(metrics)
                ? Math.toIntExact(
                        Files.readString(metrics).chars().filter(c -> c == '\n').count())
                : 0;
    }

    /** Step of the newest checkpoint. */
    private static int checkpoint(Path run) throws IOException {
        return visible(run.resolve("checkpoints")).stream()
                .mapToInt(path -> JSON.readTree(path.resolve("state.json").toFile())
                        .at("/state/step")
                        .asInt())
                .max()
                .orElse(0);
    }

    /** What a reader takes for results: names that begin with a dot are of files not yet or no longer whole. */
    private static List<Path> visible(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(path -> !path.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    private static void requireSound(Path folder) throws IOException {
        for (Path entry : visible(folder)) {
            String name = entry.getFileName().toString();
            if (Files.isDirectory(entry)) {
                requireSound(entry);
            } else if (name.endsWith(".safetensors")) {
                try (SafetensorsFile file = SafetensorsFile.open(entry)) {
                    assertThat(file.names()).as("%s", entry).isNotEmpty();
                }
            } else if (name.endsWith(".json")) {
                assertThat(JSON.readTree(entry.toFile()).isObject())
                        .as("%s", entry)
                        .isTrue();
            } else if (name.equals("metrics.jsonl")) {
                requireSoundLines(entry);
            } else {
                assertThat(name).isIn("lock", "loss.png");
            }
        }
    }

    /** One line per step; the last may be torn, and the next run cuts it off. */
    private static void requireSoundLines(Path metrics) throws IOException {
        String text = Files.readString(metrics);
        List<String> lines =
                text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            assertThat(JSON.readTree(lines.get(i)).get("step").asInt()).isEqualTo(i + 1);
        }
    }

    /** The metrics without the wall time. */
    private static List<String> curve(Path run) throws IOException {
        try (Stream<String> lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.map(line -> line.replaceAll(",\"seconds\":[^,}]*", "")).toList();
        }
    }

    private Path tasks(String... names) throws IOException {
        Path tasks = Files.createDirectories(folder.resolve("tasks"));
        for (String name : names) {
            Files.writeString(tasks.resolve(name + "_train.json"), items(name, 0, 12));
            Files.writeString(tasks.resolve(name + "_validation.json"), items(name, 12, 16));
        }
        return tasks;
    }

    private static String items(String name, int from, int to) {
        List<String> items = new ArrayList<>();
        for (int i = from; i < to; i++) {
            items.add("{\"prompt\": \"%s %d\", \"response\": \"%d\", \"system\": \"\"}".formatted(name, i, i * i));
        }
        return items.toString();
    }
}
