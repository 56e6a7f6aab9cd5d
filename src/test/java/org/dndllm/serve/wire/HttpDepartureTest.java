package org.dndllm.serve.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.serve.wire.EchoServer.all;
import static org.dndllm.serve.wire.EchoServer.post;
import static org.dndllm.serve.wire.EchoServer.send;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that leave while their answer is made are noticed at once, by no write. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HttpDepartureTest {
    private EchoServer server;

    @BeforeEach
    void start() throws IOException {
        server = EchoServer.start(WireLimits.DEFAULT);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void client_closesWhileItsAnswerIsMade_isNoticedAtOnceAndGetsNothing() throws Exception {
        server.connect(post("/watched", "", "body")).close();

        assertThat(server.events().take()).isEqualTo("watching");
        assertThat(server.events().take()).isEqualTo("gone");
        assertThat(server.events().take()).isEqualTo("nothing sent");
    }

    /** By an orderly end of the connection, and by a reset of it, as from a process that was killed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void client_leavesBetweenTwoEvents_isNoticedWithoutAWrite(boolean reset) throws Exception {
        Socket socket = server.connect(post("/pausing", "", "body"));
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("event") < 0) {
            answer.append((char) socket.getInputStream().read());
        }
        socket.setSoLinger(reset, 0);
        socket.close();

        assertThat(server.events().take()).isEqualTo("gone");
    }

    @Test
    void client_endsItsOwnDirection_countsAsGone() throws Exception {
        try (Socket socket = server.connect(post("/watched", "", ""))) {
            assertThat(server.events().take()).isEqualTo("watching");
            socket.shutdownOutput();

            assertThat(server.events().take()).isEqualTo("gone");
            assertThat(all(socket)).isEmpty();
        }
    }

    @Test
    void client_sendsItsNextRequestMeanwhile_isStillThereAndWatchedOn() throws Exception {
        try (Socket socket = server.connect(post("/watched", "", "") + post("/echo", "", "next"))) {
            assertThat(server.events().take()).isEqualTo("watching");
            send(socket, post("/echo", "Connection: close\r\n", "last"));
            server.letGo();

            assertThat(all(socket)).contains("late", "POST next").endsWith("POST last");
            assertThat(server.events()).isEmpty();
        }
    }

    @Test
    void client_leavesWithARequestBehind_isNoticed() throws Exception {
        try (Socket socket = server.connect(post("/watched", "", ""))) {
            assertThat(server.events().take()).isEqualTo("watching");
            send(socket, post("/echo", "", "never answered"));
        }
        assertThat(server.events().take()).isEqualTo("gone");
    }

    @Test
    void connection_watchedBefore_servesTheNextRequestAndIsWatchedAgain() throws Exception {
        server.letGo();
        try (Socket socket = server.connect("")) {
            for (int i = 0; i < 100; i++) { // more than the buffer of a watch holds
                send(socket, post("/watched", "X: " + "x".repeat(400) + "\r\n", "body"));
                byte[] head = socket.getInputStream().readNBytes("HTTP/1.1 200 OK".length());
                assertThat(new String(head, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 200 OK");
                StringBuilder rest = new StringBuilder();
                while (rest.indexOf("\r\n\r\nlate") < 0) {
                    rest.append((char) socket.getInputStream().read());
                }
            }
        }
        assertThat(server.events()).hasSize(100).containsOnly("watching");
    }
}
