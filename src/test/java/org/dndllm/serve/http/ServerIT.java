package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.serve.http.TestServer.content;
import static org.dndllm.serve.http.TestServer.text;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The endpoints as a client sees them. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ServerIT {
    private static final String QUESTION = "Write the first word of: apple tree house";

    @TempDir
    static Path root;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(root, HttpOptions.DEFAULT, 64);
        server.load("first-upper", "upper");
        server.load("last-doubled", "doubled");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    // ---- chat -------------------------------------------------------------------------------------------------------

    @Test
    void chat_whole_hasTheShapeOfOpenAi() throws Exception {
        JsonNode json = chat("base", 6, "").json();

        assertThat(json.get("object").asString()).isEqualTo("chat.completion");
        assertThat(json.at("/choices/0/message/role").asString()).isEqualTo("assistant");
        assertThat(json.at("/choices/0/finish_reason").asString()).isIn("stop", "length");
        assertThat(json.at("/usage/total_tokens").asInt())
                .isEqualTo(json.at("/usage/prompt_tokens").asInt()
                        + json.at("/usage/completion_tokens").asInt());
        assertThat(json.get("adapter_generations")).isEmpty();
    }

    @Test
    void chat_longerThanTheServerAllows_504() throws Exception {
        HttpOptions plain = HttpOptions.DEFAULT;
        HttpOptions hasty = new HttpOptions(
                plain.host(),
                plain.port(),
                plain.apiKeys(),
                plain.open(),
                plain.corsOrigins(),
                plain.metrics(),
                plain.bodyBytes(),
                Duration.ofNanos(1),
                plain.sampling(),
                plain.maxTokens(),
                plain.limits(),
                true);
        try (TestServer slow = TestServer.start(root, hasty, 8)) {
            TestServer.Answer answer = slow.post("/v1/chat/completions", TestServer.chat("base", QUESTION, 4, ""));

            assertThat(answer.status()).isEqualTo(504);
            assertThat(answer.code()).isEqualTo("request_timeout");
        }
    }

    @Test
    void chat_stream_sameTextAndUsageAsWhole() throws Exception {
        JsonNode whole = chat("upper", 12, "").json();

        List<JsonNode> events = server.post(
                        "/v1/chat/completions",
                        TestServer.chat(
                                "upper", QUESTION, 12, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
                .events();

        assertThat(events.getFirst().at("/choices/0/delta/role").asString()).isEqualTo("assistant");
        assertThat(text(events))
                .isEqualTo(whole.at("/choices/0/message/content").asString());
        assertThat(events.get(events.size() - 2).at("/choices/0/finish_reason"))
                .isEqualTo(whole.at("/choices/0/finish_reason"));
        assertThat(events.getLast().get("choices")).isEmpty();
        assertThat(events.getLast().at("/usage/completion_tokens")).isEqualTo(whole.at("/usage/completion_tokens"));
        assertThat(events).allMatch(event -> event.get("object").asString().equals("chat.completion.chunk"));
    }

    @Test
    void chat_adapters_byEveryName() throws Exception {
        String base = content(chat("base", 8, ""));
        String upper = content(chat("upper", 8, ""));

        assertThat(upper).isNotEqualTo(base);
        assertThat(content(chat("base:upper", 8, ""))).isEqualTo(upper);
        assertThat(content(chat("base", 8, ",\"lora\":[{\"name\":\"upper\"}]"))).isEqualTo(upper);
        assertThat(content(chat("base", 8, ",\"lora\":[{\"id\":0,\"scale\":1.0}]")))
                .isEqualTo(upper);
        assertThat(content(chat("doubled", 8, ",\"lora\":[{\"id\":\"upper\",\"scale\":1}]")))
                .isEqualTo(upper);
        assertThat(content(chat("upper", 8, ",\"lora\":[]"))).isEqualTo(base);
        assertThat(content(chat("upper", 8, ",\"lora\":[{\"id\":0,\"scale\":0}]")))
                .isEqualTo(base);
        assertThat(content(chat("upper", 8, ",\"lora\":[{\"id\":0,\"scale\":0.5},{\"id\":1,\"scale\":0.5}]")))
                .isNotEqualTo(base);
        assertThat(chat("upper", 2, "").json().get("adapter_generations")).hasSize(1);
    }

    @Test
    void chat_globalSet_appliesToTheBaseAloneUntilItIsTakenBack() throws Exception {
        String base = content(chat("base", 8, ""));
        String upper = content(chat("upper", 8, ""));
        try {
            JsonNode set =
                    server.post("/lora-adapters", "[{\"id\":0,\"scale\":1}]").json();

            assertThat(set.get(0).get("scale").asDouble()).isEqualTo(1);
            assertThat(set.get(1).get("scale").asDouble()).isZero();
            assertThat(content(chat("base", 8, ""))).isEqualTo(upper);
            assertThat(content(chat("base", 8, ",\"lora\":[]"))).isEqualTo(base);
        } finally {
            assertThat(server.post("/lora-adapters", "[]").status()).isEqualTo(200);
        }
        assertThat(content(chat("base", 8, ""))).isEqualTo(base);
    }

    @Test
    void chat_stopAndSeedAndLogprobs_work() throws Exception {
        String hot = ",\"temperature\":50,\"top_k\":0,\"top_p\":1,\"min_p\":0,\"seed\":11";
        String whole = contentOf(hot + ",\"max_tokens\":24");
        assertThat(contentOf(hot + ",\"max_tokens\":24")).isEqualTo(whole);

        String stop = TestServer.JSON.writeValueAsString(whole.substring(2, 4));
        assertThat(contentOf(hot + ",\"max_tokens\":24,\"stop\":" + stop))
                .isEqualTo(whole.substring(0, whole.indexOf(whole.substring(2, 4))));

        JsonNode scores =
                chat("base", 3, ",\"logprobs\":true,\"top_logprobs\":2").json().at("/choices/0/logprobs/content");
        assertThat(scores).isNotEmpty();
        for (JsonNode token : scores) {
            assertThat(token.get("top_logprobs")).hasSize(2);
            assertThat(token.get("logprob").asDouble()).isLessThanOrEqualTo(0);
            assertThat(token.get("token")).isEqualTo(token.at("/top_logprobs/0/token"));
        }
    }

    @Test
    void chat_clientLeaves_generationEnds() throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            String body = hotChat(450, ",\"stream\":true");
            socket.getOutputStream()
                    .write(
                            ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                            + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                                    .getBytes(StandardCharsets.UTF_8));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String line = in.readLine();
            while (!line.startsWith("data: ")) {
                line = in.readLine();
            }
        }
        while (gauge("dnd_requests_in_flight") > 0) {
            Thread.onSpinWait();
        }
        assertThat(server.get("/health").status()).isEqualTo(200);
    }

    // ---- other endpoints --------------------------------------------------------------------------------------------

    @Test
    void completions_echoWithLogprobs_scoresThePrompt() throws Exception {
        JsonNode json = server.post(
                        "/v1/completions",
                        "{\"model\":\"base\",\"prompt\":[\"one two\",\"three\"],\"max_tokens\":0,\"echo\":true,\"logprobs\":1}")
                .json();

        assertThat(json.get("choices")).hasSize(2);
        assertThat(json.at("/choices/0/text").asString()).isEqualTo("one two");
        JsonNode scores = json.at("/choices/0/logprobs");
        assertThat(scores.get("token_logprobs").get(0).isNull()).isTrue();
        assertThat(scores.get("token_logprobs")).hasSameSizeAs(scores.get("tokens"));
        assertThat(scores.get("token_logprobs").get(1).asDouble()).isNegative();
        assertThat(json.at("/usage/completion_tokens").asInt()).isZero();
    }

    @Test
    void completions_streamAndTokens_goOnAlike() throws Exception {
        JsonNode ids =
                server.post("/tokenize", "{\"content\":\"one two\"}").json().get("tokens");
        String rest = ",\"max_tokens\":6,\"temperature\":0";

        JsonNode whole = server.post("/v1/completions", "{\"prompt\":" + ids + rest + "}")
                .json();
        List<JsonNode> events = server.post("/v1/completions", "{\"prompt\":\"one two\",\"stream\":true" + rest + "}")
                .events();

        StringBuilder text = new StringBuilder();
        events.forEach(event -> text.append(event.at("/choices/0/text").asString("")));
        assertThat(text.toString()).isEqualTo(whole.at("/choices/0/text").asString());
        assertThat(server.post("/detokenize", "{\"tokens\":" + ids + "}")
                        .json()
                        .get("content")
                        .asString())
                .isEqualTo("one two");
        assertThat(server.post("/apply-template", "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}")
                        .json()
                        .get("prompt")
                        .asString())
                .endsWith("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
    }

    @Test
    void embeddings_bothForms_sameUnitVectors() throws Exception {
        JsonNode floats =
                server.post("/v1/embeddings", "{\"input\":[\"one\",\"two\"]}").json();
        JsonNode packed = server.post("/v1/embeddings", "{\"input\":\"one\",\"encoding_format\":\"base64\"}")
                .json();

        ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder()
                        .decode(packed.at("/data/0/embedding").asString()))
                .order(ByteOrder.LITTLE_ENDIAN);
        double norm = 0;
        for (JsonNode value : floats.at("/data/0/embedding")) {
            assertThat(bytes.getFloat()).isEqualTo((float) value.asDouble());
            norm += value.asDouble() * value.asDouble();
        }
        assertThat(norm).isCloseTo(1, org.assertj.core.api.Assertions.within(1e-5));
        assertThat(floats.get("data")).hasSize(2);
    }

    @Test
    void models_adaptersAreCardsWithAParent() throws Exception {
        JsonNode data = server.get("/v1/models").json().get("data");

        assertThat(data.get(0).get("id").asString()).isEqualTo("base");
        assertThat(data.get(0).get("parent").isNull()).isTrue();
        assertThat(server.get("/v1/models/upper").json().get("parent").asString())
                .isEqualTo("base");
        assertThat(server.get("/v1/models/absent").code()).isEqualTo("model_not_found");
    }

    @Test
    void info_propsMetricsOpenApi_answer() throws Exception {
        chat("base", 1, "");

        assertThat(server.get("/props")
                        .json()
                        .at("/default_generation_settings/n_ctx")
                        .asInt())
                .isEqualTo(512);
        assertThat(server.get("/metrics").body())
                .contains("dnd_requests_total{endpoint=\"/v1/chat/completions\",status=\"200\"}")
                .contains(
                        "dnd_prompt_tokens_total",
                        "dnd_generated_tokens_total",
                        "dnd_time_to_first_token_seconds_count")
                .contains("dnd_token_seconds_bucket", "dnd_adapter_generate_seconds_count{stage=\"encode\"}")
                .contains("dnd_adapter_attach_seconds", "dnd_adapters_loaded", "dnd_adapter_bytes")
                .contains("dnd_kv_rebuild_tokens_total", "dnd_requests_in_flight", "dnd_queue_depth");
        JsonNode paths = server.get("/openapi.json").json().get("paths");
        assertThat(paths.propertyNames()).contains("/", "/page/{name}", "/v1/adapters/generate", "/metrics");
        for (String path : paths.propertyNames()) {
            assertThat(server.send(server.request(path.replace("{name}", "x"))
                                    .method("PUT", java.net.http.HttpRequest.BodyPublishers.noBody()))
                            .status())
                    .as(path)
                    .isEqualTo(405);
        }
    }

    // ---- too much ---------------------------------------------------------------------------------------------------

    @Test
    void queueFull_429WithRetryAfter() throws Exception {
        try (TestServer small = TestServer.start(root, HttpOptions.DEFAULT, 1)) {
            List<Integer> statuses = new ArrayList<>();
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                clients.add(Thread.ofVirtual().start(() -> {
                    try {
                        TestServer.Answer answer = small.post("/v1/chat/completions", hotChat(200, ""));
                        synchronized (statuses) {
                            statuses.add(answer.status());
                        }
                        if (answer.status() == 429) {
                            assertThat(answer.code()).isEqualTo("queue_full");
                            assertThat(answer.response().headers().firstValue("Retry-After"))
                                    .contains("1");
                        }
                    } catch (IOException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }));
            }
            for (Thread client : clients) {
                client.join();
            }
            assertThat(statuses).hasSize(12).contains(200, 429).containsOnly(200, 429);
        }
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    private static TestServer.Answer chat(String model, int maxTokens, String more)
            throws IOException, InterruptedException {
        return server.post("/v1/chat/completions", TestServer.chat(model, QUESTION, maxTokens, more));
    }

    private static String hotChat(int maxTokens, String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":50,\"top_k\":0,\"top_p\":1,"
                + "\"min_p\":0,\"max_tokens\":" + maxTokens + more + "}";
    }

    private static String contentOf(String more) throws IOException, InterruptedException {
        return content(server.post(
                "/v1/chat/completions",
                "{\"model\":\"base\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more + "}"));
    }

    private static long gauge(String name) throws IOException, InterruptedException {
        return server.get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> Long.parseLong(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }
}
