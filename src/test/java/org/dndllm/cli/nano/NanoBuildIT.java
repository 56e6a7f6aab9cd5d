package org.dndllm.cli.nano;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All stages at tiny sizes. */
class NanoBuildIT {
    private static final long SECONDS = 600;

    @TempDir
    Path folder;

    @Test
    void build_killedWithinPretraining_goesOnToTheSameFiles() throws Exception {
        // given: a process that dies after its first checkpoint
        Path killed = folder.resolve("killed");
        Process process = start(killed);
        awaitCheckpoint(process, killed.resolve("base/runs/checkpoints"));
        process.destroyForcibly();
        assertThat(process.waitFor(SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(killed.resolve("base/done.json")).doesNotExist();
        assertThat(killed.resolve("vocabulary/done.json")).exists();

        // when
        Map<String, Object> results = TinyNanoBuild.build(killed);

        // then
        assertThat(results.keySet()).containsExactly("world", "vocabulary", "base", "encoder", "collect", "ship");
        Path whole = folder.resolve("whole");
        TinyNanoBuild.build(whole);
        Path shipped = killed.resolve("ship/nano");
        assertThat(hashes(shipped))
                .isEqualTo(hashes(whole.resolve("ship/nano")))
                .hasSizeGreaterThan(100);
        checkManifest(shipped);
        try (GgufFile base = GgufFile.open(shipped.resolve("base.gguf"));
                SentenceEncoder encoder =
                        SentenceEncoder.open(killed.resolve("encoder/encoder"), SessionOptions.defaults())) {
            assertThat(PeftAdapter.read(shipped.resolve("adapters/multitask"), BaseShape.fromGguf(base))
                            .rank())
                    .isEqualTo(2);
            assertThat(encoder.width()).isEqualTo(32);
        }
        NanoBuild.publish(killed, folder.resolve("published"));
        checkManifest(folder.resolve("published"));
    }

    @Test
    void build_baseFollowsTooFewInstructions_trainsOnThenSaysSo() {
        // given
        List<String> log = new ArrayList<>();

        // when, then
        assertThatThrownBy(() -> TinyNanoBuild.build(folder, TinyNanoBuild.recipe(1), log::add))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("instruction accuracy")
                .hasMessageContaining("base.gguf");
        assertThat(log.stream().filter(line -> line.endsWith("2 steps more"))).hasSize(2);
        assertThat(folder.resolve("base/runs/more-2/checkpoints/step-000000002"))
                .isDirectory();
        assertThat(folder.resolve("base/done.json")).doesNotExist();
        assertThat(folder.resolve("ship")).doesNotExist();
    }

    /** Of all files but the adapters' provenance, which holds the seconds of their training. */
    private static Map<String, String> hashes(Path shipped) throws IOException {
        Map<String, String> hashes = new TreeMap<>();
        for (JsonValue.Obj file : JsonValue.parse(Files.readAllBytes(shipped.resolve("MANIFEST.json")), "manifest")
                .asObject("manifest")
                .array("files")
                .objects()) {
            if (!file.string("file").endsWith("/dnd.json")) {
                hashes.put(file.string("file"), file.string("sha256"));
            }
        }
        return hashes;
    }

    private static void checkManifest(Path shipped) throws IOException {
        JsonValue.Obj manifest = JsonValue.parse(Files.readAllBytes(shipped.resolve("MANIFEST.json")), "manifest")
                .asObject("manifest");
        assertThat(manifest.string("command")).isEqualTo("scripts/build-nano");
        List<JsonValue.Obj> files = manifest.array("files").objects();
        for (JsonValue.Obj file : files) {
            Path path = shipped.resolve(file.string("file"));
            assertThat(Files.size(path)).isEqualTo(file.integer("bytes"));
            assertThat(Sha256.of(path)).isEqualTo(file.string("sha256"));
        }
        try (Stream<Path> all = Files.walk(shipped)) {
            assertThat(all.filter(Files::isRegularFile)).hasSize(files.size() + 1);
        }
    }

    private Process start(Path work) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dorg.bytedeco.javacpp.maxbytes=0",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                        // not another copy of LibTorch for this process
                        "-Dorg.bytedeco.javacpp.cachedir=" + Loader.getCacheDir(),
                        TinyNanoBuild.class.getName(),
                        work.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("process.log").toFile());
        // not on the command line: ONNX Runtime crashes on long ones
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder.start();
    }

    private void awaitCheckpoint(Process process, Path checkpoints) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end && process.isAlive()) {
            if (Files.isDirectory(checkpoints)) {
                try (Stream<Path> found = Files.list(checkpoints)) {
                    if (found.anyMatch(path -> path.getFileName().toString().startsWith("step-"))) {
                        return;
                    }
                }
            }
            Thread.sleep(10);
        }
        throw new AssertionError("no checkpoint: " + Files.readString(folder.resolve("process.log")));
    }
}
