package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What no client would send, straight to the socket: the right status, nothing told, and the server as before. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class HostileConnectionsIT {
    private static final String CHAT = "/v1/chat/completions";
    private static final String GENERATE = "/v1/adapters/generate";
    private static final int BODY_LIMIT = 64 << 10;

    @TempDir
    static Path root;

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = TestServer.start(root, TestServer.strict(BODY_LIMIT), 8);
        server.load("first-upper", "upper");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void serverIsAsBefore() throws IOException, InterruptedException {
        assertThat(server.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(server.post(CHAT, TestServer.chat("upper", "hi", 1, "")).status())
                .isEqualTo(200);
        assertThat(server.get("/v1/lora_adapters").json().get("data")).hasSize(1);
    }

    private static List<Arguments> raw() {
        String get = "GET /v1/models HTTP/1.1\r\n";
        String post = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n";
        String json = post + "Content-Type: application/json\r\n";
        return List.of(
                Arguments.of("rebinding", get + "Host: evil.example\r\n", 403),
                Arguments.of("rebinding with port", get + "Host: evil.example:8080\r\n", 403),
                Arguments.of("rebinding that begins well", get + "Host: localhost.evil.example\r\n", 403),
                Arguments.of("no host", get, 400),
                Arguments.of("two hosts", get + "Host: localhost\r\nHost: localhost\r\n", 400),
                Arguments.of("foreign page", get + "Host: localhost\r\nOrigin: https://evil.example\r\n", 403),
                Arguments.of("page of a file", get + "Host: localhost\r\nOrigin: null\r\n", 403),
                Arguments.of("friend", get + "Host: localhost\r\nOrigin: https://friend.example\r\n", 200),
                Arguments.of("own page", get + "Host: localhost:1\r\nOrigin: http://localhost:1\r\n", 200),
                Arguments.of("other port's page", get + "Host: localhost:1\r\nOrigin: http://localhost:2\r\n", 403),
                Arguments.of("form", post + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415),
                Arguments.of("no type", post + "Content-Length: 2\r\n\r\n{}", 415),
                Arguments.of(
                        "multipart where none is taken",
                        post + "Content-Type: multipart/form-data\r\nContent-Length: 0\r\n",
                        415),
                form("form of a foreign page", "x", "Origin: https://evil.example\r\n", part("prompts", "a"), 403),
                form("form without boundary", "", "", part("prompts", "a"), 400),
                form("form with a long boundary", "x".repeat(71), "", part("prompts", "a"), 400),
                form("form of another boundary", "y", "", part("prompts", "a"), 400),
                form("form that is empty", "x", "", "", 400),
                form("form without parts", "x", "", "--x--\r\n", 400),
                form(
                        "form that is cut",
                        "x",
                        "",
                        "--x\r\nContent-Disposition: form-data; name=\"prompts\"\r\n\r\na",
                        400),
                form("part without headers", "x", "", "--x\r\n\r\na\r\n--x--", 400),
                form("part without a name", "x", "", "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", 400),
                form("part whose headers never end", "x", "", "--x\r\nA: b\r\n--x--", 400),
                form("part with long headers", "x", "", "--x\r\nA: " + "b".repeat(5000) + "\r\n\r\na\r\n--x--", 400),
                form("part with two names", "x", "", part("prompts\"; name=\"a", "a"), 400),
                form("part in base64", "x", "", part("prompts\"\r\nContent-Transfer-Encoding: \"base64", "YQ=="), 400),
                form("text behind a boundary", "x", "", "--xy\r\n\r\na\r\n--x--", 400),
                form("field given twice", "x", "", part("prompts", "a") + part("prompts", "b"), 400),
                form("form without prompts", "x", "", part("name", "a"), 400),
                form("form with blank prompts", "x", "", part("prompts", " \n \n"), 400),
                form("prompts that are not UTF-8", "x", "", part("prompts", "\u00ff\u00fe"), 400),
                form("name that is not UTF-8", "x", "", part("prompts", "a") + part("name", "\u00ff"), 400),
                form("broken JSON file", "x", "", part("prompts\"; filename=\"a.json", "[1,"), 400),
                form("CSV without the column", "x", "", part("prompts\"; filename=\"a.csv", "a,b\n1,2"), 400),
                form("absurd file name", "x", "", part("prompts\"; filename=\"../../\u0000.csv", "a,b\n1,2"), 400),
                form("seed that is none", "x", "", part("prompts", "a") + part("seed", "many"), 400),
                form("scale out of range", "x", "", part("prompts", "a") + part("scale", "1e30"), 400),
                form("switch that is none", "x", "", part("prompts", "a") + part("attach", "yes"), 400),
                form("name with a path", "x", "", part("prompts", "a") + part("name", "../x"), 400),
                form("name that is taken", "x", "", part("prompts", "a") + part("name", "upper"), 409),
                form("unknown generator", "x", "", part("prompts", "a") + part("generator", "absent"), 404),
                form("many parts", "x", "", part("a", "").repeat(33), 400),
                form("large file", "x", "", part("prompts", "a\n".repeat(BODY_LIMIT / 2)), 413),
                form("many prompts", "x", "", part("prompts", "a\n".repeat(10_001)), 400),
                Arguments.of("claimed length", json + "Content-Length: 99999999999\r\n", 413),
                Arguments.of("negative length", json + "Content-Length: -5\r\n", 400),
                Arguments.of("length that is none", json + "Content-Length: ten\r\n", 400),
                Arguments.of(
                        "both lengths", json + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
                Arguments.of("other encoding", json + "Transfer-Encoding: gzip\r\n", 501),
                Arguments.of("traversal", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404),
                Arguments.of("coded", "GET /v1/adapters/..%2f..%2fetc HTTP/1.1\r\nHost: localhost\r\n", 404),
                Arguments.of("coded dots", "GET /v1/models/%2e%2e HTTP/1.1\r\nHost: localhost\r\n", 404),
                Arguments.of("no URI", "GET /%zz HTTP/1.1\r\nHost: localhost\r\n", 400),
                Arguments.of("no request", "hello\r\n", 400),
                Arguments.of("unknown method", "BREW /health HTTP/1.1\r\nHost: localhost\r\n", 405),
                Arguments.of("trace", "TRACE /v1/models HTTP/1.1\r\nHost: localhost\r\n", 405),
                Arguments.of("format", "GET /v1/adapters/upper?format=exe HTTP/1.1\r\nHost: localhost\r\n", 400),
                Arguments.of("no adapter", "GET /v1/adapters/absent HTTP/1.1\r\nHost: localhost\r\n", 404),
                Arguments.of("metrics off", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n", 404),
                Arguments.of("bad UTF-8", json + "Content-Length: 11\r\n\r\n{\"a\":\"\u00ff\u00fe\u00fd\"}", 400),
                Arguments.of("chunks", json + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400));
    }

    /** A form for the generator; parts get their closing boundary here unless they have one. */
    private static Arguments form(String name, String boundary, String header, String parts, int status) {
        String body = parts.endsWith("a") || parts.contains("--x--") || parts.isEmpty() ? parts : parts + "--x--\r\n";
        String request = "POST " + GENERATE + " HTTP/1.1\r\nHost: localhost\r\n" + header
                + "Content-Type: multipart/form-data; boundary=" + boundary + "\r\nContent-Length: " + body.length()
                + "\r\n\r\n" + body;
        return Arguments.of(name, request, status);
    }

    private static String part(String name, String content) {
        return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
    }

    /** Straight to the socket: no client would send these. Two line ends are added where the head is not closed yet. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("raw")
    void raw_trick_refused(String name, String request, int status) throws IOException {
        String whole = request.contains("\r\n\r\n") ? request : request + "\r\n";
        String answer = exchange(server.port(), whole.getBytes(StandardCharsets.ISO_8859_1));

        assertThat(answer).as(name).startsWith("HTTP/1.1 " + status);
        assertThat(answer).doesNotContain("\tat ", "org.dndllm", root.toString());
    }

    @Test
    void body_slowAndInPieces_isServed() throws IOException {
        String body = TestServer.chat("base", "hi", 1, "");
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            OutputStream out = socket.getOutputStream();
            out.write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type:"
                            + " application/json\r\nContent-Length: " + body.length() + "\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            for (byte each : body.getBytes(StandardCharsets.UTF_8)) {
                out.write(each);
                out.flush();
            }
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200");
        }
    }

    @Test
    void body_cutInTheMiddle_nothingHappens() throws IOException {
        for (int i = 0; i < 20; i++) {
            try (Socket socket = new Socket("127.0.0.1", server.port())) {
                socket.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: 500\r\n\r\n{\"mess")
                                .getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static String exchange(int port, byte[] request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(300_000);
            socket.getOutputStream().write(request);
            socket.getOutputStream().flush();
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            // the first line is enough, and what comes with it
            byte[] buffer = new byte[8192];
            int read = socket.getInputStream().read(buffer);
            if (read > 0) {
                answer.write(buffer, 0, read);
            }
            return answer.toString(StandardCharsets.UTF_8);
        }
    }
}
