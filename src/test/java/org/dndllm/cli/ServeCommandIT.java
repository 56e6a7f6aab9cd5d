package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server as a process of its own: it says where it is, answers, and ends by a signal. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ServeCommandIT {
    @TempDir
    Path folder;

    @Test
    void serve_loraAndStore_answersAndRestoresAfterAKill() throws Exception {
        Path adapter = Nano.SET.resolve("adapters").resolve("first-upper");
        String store = folder.resolve("store").toString();

        Process first = start("--store", store, "--lora", "upper=" + adapter);
        try (BufferedReader out = first.inputReader(StandardCharsets.UTF_8)) {
            assertThat(models(url(out))).contains("\"base\"", "\"upper\"", "-encoder");
        } finally {
            first.destroyForcibly().waitFor();
        }

        Process second = start("--store", store);
        try (BufferedReader out = second.inputReader(StandardCharsets.UTF_8)) {
            assertThat(models(url(out))).contains("\"upper\"");
        } finally {
            second.destroy();
            assertThat(second.waitFor()).isEqualTo(143); // ended by SIGTERM, after closing everything
        }
    }

    @Test
    void serve_badAdapter_oneLineNamingIt() {
        Cli.run("serve", "--port", 0, "-c", 256, "--lora", folder.resolve("absent"))
                .refused(1, "absent", "--lora");
    }

    private static String url(BufferedReader out) throws IOException {
        StringBuilder json = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            json.append(line);
            if (line.equals("}")) {
                break;
            }
        }
        return new Cli(0, json.toString(), "").json().get("url").asString();
    }

    private static String models(String url) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create(url + "/v1/models"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static Process start(String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Ddnd.home=" + Cli.ROOT,
                Main.class.getName(),
                "serve",
                "--json",
                "--port",
                "0",
                "-c",
                "256",
                "-t",
                "1"));
        command.addAll(List.of(more));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        // not on the command line: ONNX Runtime crashes on long ones
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder.start();
    }
}
