package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Nano;
import org.dndllm.hub.HubServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server as a process of its own: it says where it is, answers, and ends by a signal. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ServeCommandIT {
    @TempDir
    Path folder;

    @Test
    void serve_loraAndStore_answersAndRestoresAfterAKill() throws Exception {
        Path adapter = Nano.SET.resolve("adapters").resolve("first-upper");
        String store = folder.resolve("store").toString();

        try (ServeProcess first = start("--store", store, "--lora", "upper=" + adapter)) {
            assertThat(models(first)).contains("\"base\"", "\"upper\"", "-encoder");
        }

        try (ServeProcess second = start("--store", store)) {
            assertThat(models(second)).contains("\"upper\"");
            second.process().destroy();
            assertThat(second.process().waitFor()).isEqualTo(143); // ended by SIGTERM, after closing everything
        }
    }

    @Test
    void serve_endedBySignal_leavesNoTemporaryFiles() throws Exception {
        try (ServeProcess server = start()) {
            assertThat(models(server)).contains("-encoder"); // ONNX Runtime's libraries are loaded
            assertThat(server.temporary()).isDirectoryContaining("glob:**dnd-adapters*");

            server.process().destroy();
            server.process().waitFor();

            assertThat(server.temporary()).isEmptyDirectory();
        }
    }

    @Test
    void serve_flagsFromTheEnvironment_apply() throws Exception {
        try (ServeProcess server =
                        ServeProcess.start(List.of(), Map.of("DND_API_KEY", "a-key", "DND_ALIAS", "other"), List.of());
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(server.get(client, "/v1/models").statusCode()).isEqualTo(401);
            HttpRequest withKey = HttpRequest.newBuilder(URI.create(server.url() + "/v1/models"))
                    .header("Authorization", "Bearer a-key")
                    .build();
            assertThat(client.send(withKey, HttpResponse.BodyHandlers.ofString())
                            .body())
                    .contains("\"other\"");
        }
    }

    @Test
    void serve_modelOfTheHub_fetchedOnceThenOffline() throws Exception {
        Map<String, String> environment;
        try (HubServer hub = HubServer.withModel("owner/nano")
                .large("nano-Q4_K_M.gguf", Files.readAllBytes(Nano.BASE))
                .large("nano-Q8_0.gguf", new byte[1000])) {
            environment = Map.of(
                    "HF_HOME", folder.toString(), "HF_ENDPOINT", hub.address().toString());
            try (ServeProcess server = ServeProcess.start(List.of(), environment, List.of("-hf", "owner/nano"))) {
                assertThat(models(server)).contains("\"nano-Q4_K_M\"").doesNotContain("-encoder");
            }
            assertThat(hub.contentRequests()).hasSize(1);
        }
        try (ServeProcess server = ServeProcess.start(
                List.of(), environment, List.of("-hf", "owner/nano:nano-Q4_K_M.gguf", "--offline"))) {
            assertThat(models(server)).contains("\"nano-Q4_K_M\"");
        }
    }

    @Test
    void serve_offlineAndNotInTheCache_exitCodeThree() {
        Cli.run("serve", "-hf", "no-such-owner/no-such-model", "--offline").refused(3, "no-such-model");
    }

    @Test
    void serve_noPageAndOtherTemplate_apply() throws Exception {
        try (ServeProcess server = start("--no-ui", "--chat-template", "qwen2.5");
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(server.get(client, "/").statusCode()).isEqualTo(404);
            assertThat(server.get(client, "/page/main.js").statusCode()).isEqualTo(404);
            assertThat(server.post(client, "/apply-template", "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}")
                            .body())
                    .contains("You are Qwen, created by Alibaba Cloud.");
        }
    }

    @Test
    void serve_templateThatIsNotChatMl_refusedByName() throws IOException {
        Path file = Files.writeString(folder.resolve("other.jinja"), "[INST] {{ messages[0].content }} [/INST]");

        Cli.run("serve", "--chat-template", file).refused(1, "other.jinja", "ChatML");
    }

    @Test
    void serve_badAdapter_oneLineNamingIt() {
        Cli.run("serve", "--port", 0, "-c", 256, "--lora", folder.resolve("absent"))
                .refused(1, "absent", "--lora");
    }

    private static String models(ServeProcess server) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return server.get(client, "/v1/models").body();
        }
    }

    private static ServeProcess start(String... more) throws IOException {
        return ServeProcess.start(List.of(), Map.of(), List.of(more));
    }
}
