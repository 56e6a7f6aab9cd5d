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
import org.junit.jupiter.params.provider.CsvSource;

/** Where requests and answers begin and end, on real sockets, and what is refused for having two readings. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HttpFramingTest {
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
    void requests_manyOnOneConnection_inTurn() throws IOException {
        String answer = server.exchange(post("/echo", "", "a") + post("/echo", "", "") + "\r\n"
                + "GET /echo HTTP/1.1\r\nHost: h\r\nconnection: Upgrade, Close\r\n\r\n");

        assertThat(answer.split("HTTP/1.1 200 OK\r\n", -1)).hasSize(4);
        assertThat(answer)
                .contains("\r\n\r\nPOST aHTTP")
                .contains("\r\n\r\nPOST HTTP")
                .endsWith("\r\n\r\nGET ");
        assertThat(answer).contains("Connection: close\r\n").containsPattern("Date: \\w{3}, \\d\\d \\w{3} \\d{4} ");
    }

    @Test
    void chunks_withExtensionsAndTrailers_areTheBody() throws IOException {
        String answer =
                server.exchange("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n"
                        + "\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n");

        assertThat(answer).endsWith("\r\n\r\nPOST abc0123456789");
    }

    @Test
    void continue_isSaidBeforeTheBodyIsTaken() throws IOException {
        try (Socket socket = server.connect(
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")) {
            byte[] word = socket.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(new String(word, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            send(socket, "x");
            assertThat(all(socket)).startsWith("HTTP/1.1 200").endsWith("POST x");
        }
    }

    @Test
    void stream_eventsAreChunks_olderClientsGetTheBareBytes() throws IOException {
        assertThat(server.exchange("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .contains("Transfer-Encoding: chunked\r\n")
                .endsWith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        assertThat(server.exchange("GET /stream HTTP/1.0\r\n\r\n"))
                .doesNotContain("Transfer-Encoding")
                .endsWith("\r\n\r\nonetwo");
    }

    @Test
    void head_hasNoBody() throws IOException {
        assertThat(server.exchange("HEAD /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .endsWith("\r\n\r\n");
    }

    /** What is cut short must not look whole. */
    @Test
    void answer_shorterThanItSaid_endsTheConnection() throws IOException {
        assertThat(server.exchange("GET /half HTTP/1.1\r\nHost: h\r\n\r\n")).contains("Content-Length: 100\r\n");
        assertThat(server.exchange("GET /silent HTTP/1.1\r\nHost: h\r\n\r\n")).isEmpty();
    }

    /** The client still sends; closing at once would reset the connection, and it would never see why. */
    @Test
    void refusal_beforeTheBodyWasTaken_reachesTheClient() throws IOException {
        try (Socket socket = server.connect("POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")) {
            send(socket, "x".repeat(800_000));
            assertThat(all(socket))
                    .startsWith("HTTP/1.1 413 Content Too Large\r\n")
                    .contains("Connection: close\r\n")
                    .endsWith("too large");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hello~~|400",
                "GET /echo~~|400",
                "GET  HTTP/1.1~~|400",
                "GET /echo HTTP/1.1 ~~|400",
                "GET /echo HTTP/2.0~~|505",
                "GET /echo HTTP/x~~|400",
                "G(T /echo HTTP/1.1~~|400",
                "GET /%zz HTTP/1.1~~|400",
                "GET /a b HTTP/1.1~~|400",
                "GET /echo HTTP/1.1~Host : h~~|400",
                "GET /echo HTTP/1.1~Host~~|400",
                "GET /echo HTTP/1.1~ folded: h~~|400",
                "GET /echo HTTP/1.1~A: b~ folded~~|400",
                "GET /echo HTTP/1.1~: b~~|400",
                "GET /echo HTTP/1.1~A: {SOH}~~|400",
                "GET /echo HTTP/1.1~A: b{LF}Host: h~~|400",
                "GET /echo HTTP/1.1~A: b{CR}Host: h~~|400",
                "POST /echo HTTP/1.1~Content-Length: 1~Content-Length: 1~~a|400",
                "POST /echo HTTP/1.1~Content-Length: 1, 1~~a|400",
                "POST /echo HTTP/1.1~Content-Length: +1~~a|400",
                "POST /echo HTTP/1.1~Content-Length: 0x1~~a|400",
                "POST /echo HTTP/1.1~Content-Length: -1~~a|400",
                "POST /echo HTTP/1.1~Content-Length:~~a|400",
                "POST /echo HTTP/1.1~Content-Length: 9999999999999999999~~a|400",
                "POST /echo HTTP/1.1~Content-Length: 1~Transfer-Encoding: chunked~~a|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: gzip~~a|501",
                "POST /echo HTTP/1.1~Transfer-Encoding: gzip, chunked~~a|501",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~Transfer-Encoding: chunked~~a|400",
                "POST /echo HTTP/1.0~Transfer-Encoding: chunked~~a|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~~x~|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~~-1~|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~~123456789~|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~~1~ab~0~~|400",
                "POST /echo HTTP/1.1~Transfer-Encoding: chunked~~1~a~~|400",
            })
    void malformed_refusedAndTheConnectionEnds(String request, int status) throws IOException {
        String bytes = request.replace("~", "\r\n")
                .replace("{LF}", "\n")
                .replace("{CR}", "\r")
                .replace("{SOH}", "\u0001");

        String answer = server.exchange(bytes + "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");

        assertThat(answer).as(request).startsWith("HTTP/1.1 " + status + " ").contains("Connection: close\r\n");
        assertThat(answer.split("\r\nDate: ", -1)).as("answers to %s", request).hasSize(2);
    }

    @Test
    void head_tooLongOrTooManyHeaders_431() throws IOException {
        String line = "GET /echo HTTP/1.1\r\n";
        assertThat(server.exchange(line + "A: " + "b".repeat(70_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(server.exchange("GET /" + "b".repeat(70_000) + " HTTP/1.1\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
        assertThat(server.exchange(line + "A: b\r\n".repeat(101) + "\r\n")).startsWith("HTTP/1.1 431");
    }
}
