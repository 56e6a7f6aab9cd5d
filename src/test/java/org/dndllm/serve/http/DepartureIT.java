package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that leave before they have their answer: nothing is computed for them any more. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class DepartureIT {
    private static final String CHAT = "/v1/chat/completions";
    private static final String GENERATED = "dnd_generated_tokens_total";
    private static final int LONG = 450;
    /**
     * Tokens that may come between the client's decision to leave and the server's notice on a busy machine. From the
     * notice on it is one: see DepartedGenerationIT.
     */
    private static final int SLACK = LONG / 3;

    /** Clients at most; where this test itself is held up, one may leave when its answer is nearly made. */
    private static final int ASKED = 20;

    @TempDir
    static Path root;

    private TestServer server;

    @BeforeEach
    void start() {
        server = TestServer.start(root, HttpOptions.DEFAULT, 64);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",\"stream\":true"})
    void chat_clientLeaves_decodingStops(String more) throws Exception {
        leaveWhileItDecodes(CHAT, seed -> chat("hi", ",\"seed\":" + seed + more));

        awaitAtLeast(gone(CHAT), 1);
        assertThat(server.post(CHAT, TestServer.chat("base", "hi", 1, "")).status())
                .isEqualTo(200);
    }

    @Test
    void completion_clientLeaves_everyPromptStops() throws Exception {
        leaveWhileItDecodes(
                "/v1/completions",
                seed ->
                        "{\"prompt\":[\"one\",\"two\",\"three\"],\"temperature\":50,\"top_k\":0,\"top_p\":1,\"min_p\":0,"
                                + "\"max_tokens\":" + LONG / 3 + ",\"seed\":" + seed + "}");
    }

    private void leaveWhileItDecodes(String path, IntFunction<String> bySeed) throws IOException, InterruptedException {
        String body = longAnswer(path, bySeed);
        long after = Long.MAX_VALUE;
        for (int client = 0; client < ASKED && after > SLACK; client++) {
            long start = metric(GENERATED);
            long left;
            try (Socket socket = ask(path, body)) {
                awaitAtLeast(GENERATED, start + 5);
                left = metric(GENERATED);
            }
            awaitZero("dnd_requests_in_flight");
            awaitZero("dnd_queue_depth");
            after = metric(GENERATED) - left;
        }

        assertThat(after).as("tokens after the departure").isLessThanOrEqualTo(SLACK);
    }

    /** A request whose whole answer is so long that an early end of it is the departure's work. */
    private String longAnswer(String path, IntFunction<String> bySeed) throws IOException, InterruptedException {
        int seed = 0;
        long tokens;
        do {
            seed++;
            long start = metric(GENERATED);
            assertThat(server.post(path, bySeed.apply(seed)).status()).isEqualTo(200);
            tokens = metric(GENERATED) - start;
        } while (tokens <= 2 * SLACK);
        return bySeed.apply(seed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",\"stream\":true"})
    void chat_queuedClientLeaves_neverRuns(String more) throws Exception {
        List<Socket> before = new ArrayList<>(); // each takes a whole context with its answer: they run one by one
        for (int i = 0; i < 8; i++) {
            before.add(ask(CHAT, chat("hi", "")));
        }
        awaitAtLeast("dnd_queue_depth", 1);
        Socket queued = ask(CHAT, chat("hello", more));
        queued.close();
        awaitAtLeast(gone(CHAT), 1);

        assertThat(metric("dnd_queue_depth")).as("those before it still wait").isPositive();
        for (Socket each : before) {
            each.close();
        }
        awaitZero("dnd_queue_depth");
        awaitZero("dnd_requests_in_flight");
    }

    /** Each leaves as soon as it has asked; without a look at the connection there would be an adapter for each. */
    @ParameterizedTest
    @ValueSource(strings = {"false", "true"})
    void generate_clientLeaves_noAdapter(String stream) throws Exception {
        String body = "{\"prompts\":[\"Write the word apple backwards.\"],\"stream\":" + stream + "}";
        int made = 0;
        int left = 0;
        while (made + left < ASKED) {
            ask("/v1/adapters/generate", body).close();
            awaitAtLeast("dnd_requests_total{endpoint=\"/v1/adapters/generate\"", made + left + 1);
            made = server.get("/v1/lora_adapters").json().get("data").size();
            left = (int) metric(gone("/v1/adapters/generate"));
        }

        assertThat(made).as("adapters, of %d clients that left", left).isLessThan(left);
        assertThat(server.post("/v1/adapters/generate", body).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"false", "true"})
    void evaluation_clientLeaves_ends(String stream) throws Exception {
        String item = "{\"prompt\":\"hi\",\"response\":\"no\"}";
        try (Socket client = ask(
                "/v1/evaluations",
                "{\"items\":[" + (item + ",").repeat(1999) + item + "],\"max_tokens\":64,\"stream\":" + stream + "}")) {
            awaitAtLeast(GENERATED, 5);
        }
        awaitZero("dnd_requests_in_flight");
        awaitZero("dnd_queue_depth");

        awaitAtLeast(gone("/v1/evaluations"), 1);
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    /** So hot that the model does not end it. */
    private static String chat(String question, String more) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + question + "\"}],\"temperature\":50,\"top_k\":0,"
                + "\"top_p\":1,\"min_p\":0,\"max_tokens\":" + LONG + more + "}";
    }

    private Socket ask(String path, String body) throws IOException {
        Socket socket = new Socket("127.0.0.1", server.port());
        socket.getOutputStream()
                .write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private void awaitAtLeast(String name, long value) throws IOException, InterruptedException {
        while (metric(name) < value) {
            Thread.onSpinWait();
        }
    }

    private void awaitZero(String name) throws IOException, InterruptedException {
        while (metric(name) > 0) {
            Thread.onSpinWait();
        }
    }

    private static String gone(String endpoint) {
        return "dnd_requests_total{endpoint=\"" + endpoint + "\",status=\"499\"}";
    }

    /** Sum of the metrics that begin so. */
    private long metric(String name) throws IOException, InterruptedException {
        return server.get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
