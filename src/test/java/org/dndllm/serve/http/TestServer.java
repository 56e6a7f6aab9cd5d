package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.Nano;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.serve.DndServer;
import org.dndllm.serve.ServeOptions;
import org.dndllm.serve.adapter.AdapterLimits;
import org.dndllm.serve.adapter.AdapterPublication;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.schedule.SchedulerOptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real server on a free port with the nano base, and a client for it. */
final class TestServer implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final Path ADAPTERS = Nano.SET.resolve("adapters");

    private final DndServer server;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private TestServer(DndServer server) {
        this.server = server;
    }

    static TestServer start(Path root, HttpOptions http, int queue) {
        ContextOptions context =
                ContextOptions.DEFAULT.withContextLength(512).withBatch(64).withThreads(1);
        return new TestServer(DndServer.start(new ServeOptions(
                Nano.BASE,
                "base",
                List.of(Nano.BUNDLE),
                new EngineOptions(SessionOptions.defaults(), ModelOptions.CPU, context, GgmlType.F16),
                new SchedulerOptions(context, 4, 3, queue),
                Optional.empty(),
                AdapterRoot.of(root),
                new AdapterLimits(16, 64, 1 << 20),
                http)));
    }

    /** Small bodies, one foreign page that is let in, no metrics and no page of its own. */
    static HttpOptions strict(int bodyBytes) {
        HttpOptions plain = HttpOptions.DEFAULT;
        return new HttpOptions(
                plain.host(),
                0,
                List.of(),
                false,
                List.of("https://friend.example"),
                false,
                bodyBytes,
                plain.timeout(),
                plain.sampling(),
                plain.maxTokens(),
                plain.limits(),
                false);
    }

    DndServer server() {
        return server;
    }

    int port() {
        return server.port();
    }

    void load(String adapter, String name) {
        server.workshop().load(ADAPTERS.resolve(adapter), new AdapterPublication(name, true, Optional.empty()));
    }

    /** An answer. */
    record Answer(HttpResponse<String> response) {
        int status() {
            return response.statusCode();
        }

        String body() {
            return response.body();
        }

        JsonNode json() {
            return JSON.readTree(body());
        }

        String code() {
            return json().at("/error/code").asString();
        }

        /** The data of every event but the last, which must be [DONE]. */
        List<JsonNode> events() {
            List<String> data = body().lines()
                    .filter(line -> line.startsWith("data: "))
                    .map(line -> line.substring(6))
                    .toList();
            if (!data.getLast().equals("[DONE]")) {
                throw new AssertionError("no [DONE] in " + body());
            }
            return data.subList(0, data.size() - 1).stream().map(JSON::readTree).toList();
        }
    }

    Answer get(String path) throws IOException, InterruptedException {
        return send(request(path).GET());
    }

    Answer delete(String path) throws IOException, InterruptedException {
        return send(request(path).DELETE());
    }

    Answer post(String path, String json) throws IOException, InterruptedException {
        return send(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
                .timeout(Duration.ofSeconds(300));
    }

    Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return new Answer(client.send(request.build(), HttpResponse.BodyHandlers.ofString()));
    }

    HttpClient client() {
        return client;
    }

    /** A greedy chat. */
    static String chat(String model, String question, int maxTokens, String more) {
        return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" + question
                + "\"}],\"temperature\":0,\"max_tokens\":" + maxTokens + more + "}";
    }

    /** The text of a whole answer, which must be one. */
    static String content(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json().at("/choices/0/message/content").asString();
    }

    /** The text of a streamed answer. */
    static String text(List<JsonNode> events) {
        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.at("/choices/0/delta/content").asString("")));
        return text.toString();
    }

    @Override
    public void close() {
        client.close();
        server.close();
    }
}
