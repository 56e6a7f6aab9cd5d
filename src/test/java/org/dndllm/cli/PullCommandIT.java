package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.hub.HubServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code dnd pull} as a process of its own, since it reads its settings from the environment. */
class PullCommandIT {
    private static final String FILE = "qwen2.5-0.5b-instruct-q8_0.gguf";
    private static final int SEED = 7;

    @TempDir
    Path home;

    private byte[] weights;
    private HubServer server;

    @BeforeEach
    void start() throws IOException {
        weights = new byte[2_000_000];
        new Random(SEED).nextBytes(weights);
        server = HubServer.withModel("Qwen/Qwen2.5-0.5B-Instruct-GGUF")
                .small("README.md", "text".getBytes(StandardCharsets.UTF_8))
                .large(FILE, weights);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void pull_shortName_printsThePathAndNothingElse() throws Exception {
        Cli run = pull(Map.of(), "qwen2.5-0.5b-instruct").ok();

        Path path = Path.of(run.out().strip());
        assertThat(run.out().lines()).hasSize(1);
        assertThat(path).hasFileName(FILE).hasBinaryContent(weights);
        assertThat(path).startsWithRaw(home.resolve("hub/models--Qwen--Qwen2.5-0.5B-Instruct-GGUF/snapshots"));
        assertThat(run.err()).contains("1 file(s)", "2.0 MB of it fetched now");
    }

    @Test
    void pull_json_thenOffline_theSameFile() throws Exception {
        String[] arguments = {"Qwen/Qwen2.5-0.5B-Instruct-GGUF", "--include", "*.gguf", "--include", "*.md", "--json"};
        JsonNode online = pull(Map.of(), arguments).json();
        JsonNode offline = pull(Map.of("HF_HUB_OFFLINE", "1"), arguments).json();

        assertThat(online.get("commit").asString()).isEqualTo(HubServer.COMMIT);
        assertThat(online.get("downloaded_bytes").asLong()).isEqualTo(2_000_004);
        assertThat(online.get("files").size()).isEqualTo(2);
        assertThat(online.at("/files/1/name").asString()).isEqualTo(FILE);
        assertThat(offline.get("offline").asBoolean()).isTrue();
        assertThat(offline.get("path")).isEqualTo(online.get("path")).isEqualTo(online.get("folder"));
        assertThat(offline.at("/files/1/path")).isEqualTo(online.at("/files/1/path"));
    }

    @Test
    void pull_offlineWithAnEmptyCache_exitCodeThree() throws Exception {
        pull(Map.of("HF_HUB_OFFLINE", "1"), "qwen2.5-0.5b-instruct").refused(3, FILE, "HF_HUB_OFFLINE");

        assertThat(server.contentRequests()).isEmpty();
    }

    @Test
    void pull_absentFile_exitCodeOne() throws Exception {
        pull(Map.of(), "qwen2.5-0.5b-instruct:q2_k").refused(1, "q2_k", "there is: README.md, " + FILE);
    }

    @Test
    void pull_sameFileByTwoProcesses_bothGetItWhole() throws Exception {
        Process first = process(Map.of(), "one", "qwen2.5-0.5b-instruct");
        Process second = process(Map.of(), "two", "qwen2.5-0.5b-instruct");

        Cli one = finish(first, "one").ok();
        Cli two = finish(second, "two").ok();

        assertThat(one.out()).isEqualTo(two.out());
        assertThat(Path.of(one.out().strip())).hasBinaryContent(weights);
        assertThat(server.contentRequests()).hasSize(1);
    }

    private Cli pull(Map<String, String> environment, String... arguments) throws Exception {
        return finish(process(environment, "run", arguments), "run");
    }

    private Process process(Map<String, String> environment, String name, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "pull"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(home.resolve(name + ".out").toFile())
                .redirectError(home.resolve(name + ".err").toFile());
        builder.environment().keySet().removeIf(variable -> variable.startsWith("HF_"));
        builder.environment().put("HF_HOME", home.toString());
        builder.environment().put("HF_ENDPOINT", server.address().toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private Cli finish(Process process, String name) throws Exception {
        int code = process.waitFor();
        return new Cli(
                code, Files.readString(home.resolve(name + ".out")), Files.readString(home.resolve(name + ".err")));
    }
}
