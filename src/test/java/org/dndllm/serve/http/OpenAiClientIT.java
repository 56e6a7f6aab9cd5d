package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** OpenAI's own client for Node against a real server; skipped where Node or the package cannot be had. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class OpenAiClientIT {
    private static final String PACKAGE = "openai@7.57.0";
    private static final Path ROOT = Path.of(System.getProperty("dnd.root", "."));
    private static final Path SDK = ROOT.resolve("target/openai-sdk");

    @TempDir
    Path folder;

    @Test
    void client_chatStreamModelsEmbeddingsErrors_understandsAll() throws Exception {
        install();
        Path script = SDK.resolve("client.cjs");
        Files.copy(
                ROOT.resolve("src/test/resources/serve/openai-client.cjs"),
                script,
                StandardCopyOption.REPLACE_EXISTING);
        try (TestServer server = TestServer.start(folder, HttpOptions.DEFAULT.withApiKeys(List.of("a-key")), 8)) {
            server.load("first-upper", "upper");

            JsonNode json = TestServer.JSON.readTree(
                    run(List.of("node", script.toString(), "http://127.0.0.1:" + server.port() + "/v1")));

            assertThat(json.get("whole").asString())
                    .isNotBlank()
                    .isEqualTo(json.get("streamed").asString());
            assertThat(json.get("finish").asString()).isIn("stop", "length");
            assertThat(json.get("scored").asInt()).isPositive();
            assertThat(json.at("/usage/completion_tokens").asInt()).isPositive();
            assertThat(json.get("completion").asString()).isEqualTo("text_completion");
            assertThat(json.get("vectors")).hasSize(2);
            assertThat(json.get("models").toString()).contains("\"base\"", "\"upper\"");
            assertThat(json.at("/refusal/status").asInt()).isEqualTo(404);
            assertThat(json.at("/refusal/code").asString()).isEqualTo("model_not_found");
            assertThat(json.at("/refusal/kind").asString()).isEqualTo("NotFoundError");
        }
    }

    private static void install() throws InterruptedException {
        if (Files.isDirectory(SDK.resolve("node_modules/openai"))) {
            return;
        }
        try {
            Files.createDirectories(SDK);
            run(List.of("npm", "install", "--prefix", SDK.toString(), "--no-audit", "--no-fund", "--silent", PACKAGE));
        } catch (IOException e) {
            abort("npm cannot install " + PACKAGE + " here: " + e.getMessage());
        }
    }

    /** Standard output of a command. */
    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        if (code != 0) {
            throw new IOException(command.getFirst() + " ended with " + code + ": " + out);
        }
        return out;
    }
}
