package org.dndllm.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.format.FileTree;

/**
 * {@code dnd serve} on a free port as a process of its own, which has said where it is.
 *
 * @param url without a slash at the end
 * @param temporary its folder for temporary files
 */
record ServeProcess(Process process, String url, Path temporary) implements AutoCloseable {
    /**
     * Starts it and waits until it answers.
     *
     * @param jvm flags of the JVM
     * @param arguments behind {@code dnd serve}
     */
    static ServeProcess start(List<String> jvm, Map<String, String> environment, List<String> arguments)
            throws IOException {
        Path temporary = Files.createTempDirectory("dnd-serve-test");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + temporary, // what a killed process leaves goes with it
                "-Ddnd.home=" + Cli.ROOT));
        command.addAll(jvm);
        command.addAll(List.of(Main.class.getName(), "serve", "--json", "--port", "0", "-c", "256", "-t", "1"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        // not on the command line: ONNX Runtime crashes on long ones
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        return new ServeProcess(process, url(process), temporary);
    }

    private static String url(Process process) throws IOException {
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        StringBuilder json = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            json.append(line);
            if (line.equals("}")) {
                break;
            }
        }
        return new Cli(0, json.toString(), "").json().get("url").asString();
    }

    int port() {
        return URI.create(url).getPort();
    }

    HttpResponse<String> get(HttpClient client, String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url + path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(HttpClient client, String path, String json) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(url + path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(json))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** As {@code kill -9}. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        kill();
        try {
            FileTree.delete(temporary);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
