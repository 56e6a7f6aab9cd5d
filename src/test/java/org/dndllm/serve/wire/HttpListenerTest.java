package org.dndllm.serve.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Framing, limits and departures on real sockets, with a handler that says back what it was sent. */
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class HttpListenerTest {
    private static final WireLimits LIMITS =
            new WireLimits(Duration.ofMillis(400), Duration.ofMillis(800), Duration.ofMillis(400), 8);

    private HttpListener listener;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final CountDownLatch go = new CountDownLatch(1);

    @BeforeEach
    void start() throws IOException {
        listener = HttpListener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), LIMITS, new Echo());
    }

    @AfterEach
    void stop() {
        listener.close();
    }

    private final class Echo implements Handler {
        @Override
        public void handle(Exchange exchange) throws IOException {
            switch (exchange.target().getPath()) {
                case "/echo" -> say(exchange, 200, exchange.method() + " " + text(exchange));
                case "/refused" -> say(exchange, 413, "too large");
                case "/silent" -> text(exchange);
                case "/half" -> {
                    try (OutputStream out = exchange.answer(200, OptionalLong.of(100))) {
                        out.write(new byte[50]);
                    }
                }
                case "/stream" -> stream(exchange);
                case "/flood" -> flood(exchange);
                case "/pausing" -> pausing(exchange);
                default -> watched(exchange);
            }
        }

        private void stream(Exchange exchange) throws IOException {
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                for (String part : new String[] {"one", "", "two"}) {
                    out.write(part.getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                }
            }
        }

        private void flood(Exchange exchange) {
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                while (true) {
                    out.write(new byte[64 << 10]);
                }
            } catch (IOException e) {
                events.add("cut off");
            }
        }

        /** Sends one event, and then writes nothing until the client has left: a write cannot be what tells. */
        private void pausing(Exchange exchange) throws IOException {
            text(exchange);
            CountDownLatch left = new CountDownLatch(1);
            exchange.onGone(left::countDown);
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                out.write("event".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                left.await();
                events.add("gone");
            } catch (InterruptedException e) {
                return; // the listener is closed
            }
        }

        /** Answers when it is let go; notes a client that leaves before. */
        private void watched(Exchange exchange) throws IOException {
            text(exchange);
            CountDownLatch either = new CountDownLatch(1);
            exchange.onGone(() -> {
                events.add("gone");
                either.countDown();
            });
            events.add("watching");
            Thread.startVirtualThread(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                either.countDown();
            });
            try {
                either.await();
            } catch (InterruptedException e) {
                return; // the listener is closed
            }
            try {
                say(exchange, 200, "late");
            } catch (IOException e) {
                events.add("nothing sent");
                throw e;
            }
        }

        @Override
        public void refuse(Exchange exchange, MalformedRequestException problem) throws IOException {
            say(exchange, problem.status(), String.valueOf(problem.getMessage()));
        }

        private static String text(Exchange exchange) throws IOException {
            return new String(exchange.body().readAllBytes(), StandardCharsets.ISO_8859_1);
        }

        private static void say(Exchange exchange, int status, String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
            try (OutputStream out = exchange.answer(status, OptionalLong.of(bytes.length))) {
                out.write(bytes);
            }
        }
    }

    private Socket connect(String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setSoTimeout(10_000);
        send(socket, text);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** What comes until the server ends the connection. */
    private static String all(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    private String exchange(String text) throws IOException {
        try (Socket socket = connect(text)) {
            return all(socket);
        }
    }

    private static String post(String path, String more, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n" + more + "\r\n"
                + body;
    }

    // ---- framing ----------------------------------------------------------------------------------------------------

    @Test
    void requests_manyOnOneConnection_inTurn() throws IOException {
        String answer = exchange(post("/echo", "", "a") + post("/echo", "", "") + "\r\n"
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
        String answer = exchange("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n"
                + "\r\n3\r\nabc\r\n0a;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n");

        assertThat(answer).endsWith("\r\n\r\nPOST abc0123456789");
    }

    @Test
    void continue_isSaidBeforeTheBodyIsTaken() throws IOException {
        try (Socket socket = connect(
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")) {
            byte[] word = socket.getInputStream().readNBytes("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(new String(word, StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            send(socket, "x");
            assertThat(all(socket)).startsWith("HTTP/1.1 200").endsWith("POST x");
        }
    }

    @Test
    void stream_eventsAreChunks_olderClientsGetTheBareBytes() throws IOException {
        assertThat(exchange("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .contains("Transfer-Encoding: chunked\r\n")
                .endsWith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        assertThat(exchange("GET /stream HTTP/1.0\r\n\r\n"))
                .doesNotContain("Transfer-Encoding")
                .endsWith("\r\n\r\nonetwo");
    }

    @Test
    void head_hasNoBody() throws IOException {
        assertThat(exchange("HEAD /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .endsWith("\r\n\r\n");
    }

    /** What is cut short must not look whole. */
    @Test
    void answer_shorterThanItSaid_endsTheConnection() throws IOException {
        assertThat(exchange("GET /half HTTP/1.1\r\nHost: h\r\n\r\n")).contains("Content-Length: 100\r\n");
        assertThat(exchange("GET /silent HTTP/1.1\r\nHost: h\r\n\r\n")).isEmpty();
    }

    /** The client still sends; closing at once would reset the connection, and it would never see why. */
    @Test
    void refusal_beforeTheBodyWasTaken_reachesTheClient() throws IOException {
        try (Socket socket = connect("POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n")) {
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

        String answer = exchange(bytes + "GET /echo HTTP/1.1\r\nHost: h\r\n\r\n");

        assertThat(answer).as(request).startsWith("HTTP/1.1 " + status + " ").contains("Connection: close\r\n");
        assertThat(answer.split("\r\nDate: ", -1)).as("answers to %s", request).hasSize(2);
    }

    @Test
    void head_tooLongOrTooManyHeaders_431() throws IOException {
        String line = "GET /echo HTTP/1.1\r\n";
        assertThat(exchange(line + "A: " + "b".repeat(70_000) + "\r\n\r\n")).startsWith("HTTP/1.1 431");
        assertThat(exchange("GET /" + "b".repeat(70_000) + " HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 431");
        assertThat(exchange(line + "A: b\r\n".repeat(101) + "\r\n")).startsWith("HTTP/1.1 431");
    }

    // ---- departures -------------------------------------------------------------------------------------------------

    @Test
    void client_closesWhileItsAnswerIsMade_isNoticedAtOnceAndGetsNothing() throws Exception {
        connect(post("/watched", "", "body")).close();

        assertThat(events.take()).isEqualTo("watching");
        assertThat(events.take()).isEqualTo("gone");
        assertThat(events.take()).isEqualTo("nothing sent");
    }

    /** By an orderly end of the connection, and by a reset of it, as from a process that was killed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void client_leavesBetweenTwoEvents_isNoticedWithoutAWrite(boolean reset) throws Exception {
        Socket socket = connect(post("/pausing", "", "body"));
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("event") < 0) {
            answer.append((char) socket.getInputStream().read());
        }
        socket.setSoLinger(reset, 0);
        socket.close();

        assertThat(events.take()).isEqualTo("gone");
    }

    @Test
    void client_endsItsOwnDirection_countsAsGone() throws Exception {
        try (Socket socket = connect(post("/watched", "", ""))) {
            assertThat(events.take()).isEqualTo("watching");
            socket.shutdownOutput();

            assertThat(events.take()).isEqualTo("gone");
            assertThat(all(socket)).isEmpty();
        }
    }

    @Test
    void client_sendsItsNextRequestMeanwhile_isStillThereAndWatchedOn() throws Exception {
        try (Socket socket = connect(post("/watched", "", "") + post("/echo", "", "next"))) {
            assertThat(events.take()).isEqualTo("watching");
            send(socket, post("/echo", "Connection: close\r\n", "last"));
            go.countDown();

            assertThat(all(socket)).contains("late", "POST next").endsWith("POST last");
            assertThat(events).isEmpty();
        }
    }

    @Test
    void client_leavesWithARequestBehind_isNoticed() throws Exception {
        try (Socket socket = connect(post("/watched", "", ""))) {
            assertThat(events.take()).isEqualTo("watching");
            send(socket, post("/echo", "", "never answered"));
        }
        assertThat(events.take()).isEqualTo("gone");
    }

    @Test
    void connection_watchedBefore_servesTheNextRequestAndIsWatchedAgain() throws Exception {
        go.countDown();
        try (Socket socket = connect("")) {
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
        assertThat(events).hasSize(100).containsOnly("watching");
    }

    // ---- limits -----------------------------------------------------------------------------------------------------

    @Test
    void sender_slow_isCutOff() throws IOException {
        assertThat(exchange("GET /echo HTTP/1.1\r\nHo")).isEmpty();
        assertThat(exchange("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab"))
                .isEmpty();
    }

    @Test
    void connection_idle_isClosed() throws IOException {
        assertThat(exchange("")).isEmpty();
        assertThat(exchange(post("/echo", "", "a"))).endsWith("POST a");
    }

    @Test
    void reader_thatTakesNothing_isCutOff() throws Exception {
        try (Socket socket = connect("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n")) {
            assertThat(events.take()).isEqualTo("cut off");
        }
    }

    @Test
    void answer_thatTakesLongerThanARequestMay_isSent() throws Exception {
        try (Socket socket = connect(post("/watched", "Connection: close\r\n", ""))) {
            assertThat(events.take()).isEqualTo("watching");
            assertThat(events.poll(2 * LIMITS.request().toMillis(), TimeUnit.MILLISECONDS))
                    .isNull();
            go.countDown();
            assertThat(all(socket)).endsWith("late");
        }
    }

    @Test
    void connections_moreThanAllowed_areClosedAtOnce() throws Exception {
        Socket[] held = new Socket[LIMITS.connections()];
        for (int i = 0; i < held.length; i++) {
            held[i] = connect(post("/watched", "", ""));
            assertThat(events.take()).isEqualTo("watching");
        }
        assertThat(listener.connections()).isEqualTo(held.length);
        try (Socket surplus = connect("")) {
            assertThat(all(surplus)).isEmpty();
        }
        for (Socket each : held) {
            each.close();
            assertThat(events.take()).isIn("gone", "nothing sent");
        }
    }

    @Test
    void close_endsWhatRuns() throws Exception {
        try (Socket socket = connect(post("/watched", "", ""))) {
            assertThat(events.take()).isEqualTo("watching");
            listener.close();
            listener.close();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }
}
