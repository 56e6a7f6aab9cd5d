package org.dndllm.serve.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.serve.wire.EchoServer.all;
import static org.dndllm.serve.wire.EchoServer.post;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * How long and how many. Each test has one short limit, the one that it is about, so that a busy machine does not run into
 * another one.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HttpLimitsTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final Duration SHORT = Duration.ofMillis(400);
    private static final int CONNECTIONS = 8;

    private EchoServer server;

    private void start(Duration request, Duration idle, Duration stall) throws IOException {
        server = EchoServer.start(new WireLimits(request, idle, stall, CONNECTIONS));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void sender_slow_isCutOff() throws IOException {
        start(SHORT, LONG, LONG);

        assertThat(server.exchange("GET /echo HTTP/1.1\r\nHo")).isEmpty();
        assertThat(server.exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"))
                .isEmpty();
    }

    @Test
    void connection_idle_isClosed() throws IOException {
        start(LONG, SHORT, LONG);

        assertThat(server.exchange("")).isEmpty();
        String answer = "";
        while (answer.isEmpty()) { // where this thread is held up, it is late with its request
            answer = server.exchange(post("/echo", "", "a"));
        }
        assertThat(answer).endsWith("POST a");
    }

    @Test
    void reader_thatTakesNothing_isCutOff() throws Exception {
        start(LONG, LONG, SHORT);

        try (Socket socket = server.connect("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")) {
            assertThat(server.events().take()).isEqualTo("cut off");
        }
    }

    @Test
    void answer_thatTakesLongerThanARequestMay_isSent() throws Exception {
        Duration request = Duration.ofSeconds(2);
        start(request, LONG, LONG);

        try (Socket socket = server.connect(post("/watched", "Connection: close\r\n", ""))) {
            assertThat(server.events().take()).isEqualTo("watching");
            assertThat(server.events().poll(2 * request.toMillis(), TimeUnit.MILLISECONDS))
                    .isNull();
            server.letGo();
            assertThat(all(socket)).endsWith("late");
        }
    }

    @Test
    void connections_moreThanAllowed_areClosedAtOnce() throws Exception {
        start(LONG, LONG, LONG);
        Socket[] held = new Socket[CONNECTIONS];
        for (int i = 0; i < held.length; i++) {
            held[i] = server.connect(post("/watched", "", ""));
            assertThat(server.events().take()).isEqualTo("watching");
        }
        assertThat(server.listener().connections()).isEqualTo(held.length);
        try (Socket surplus = server.connect("")) {
            assertThat(all(surplus)).isEmpty();
        }
        for (Socket each : held) {
            each.close();
            assertThat(server.events().take()).isIn("gone", "nothing sent");
        }
    }

    @Test
    void close_endsWhatRuns() throws Exception {
        start(LONG, LONG, LONG);

        try (Socket socket = server.connect(post("/watched", "", ""))) {
            assertThat(server.events().take()).isEqualTo("watching");
            server.listener().close();
            server.listener().close();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }
}
