package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that mean no good or are wrong: the right status and code, nothing told, and the server as before. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class HostileRequestsIT {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETION = "/v1/completions";
    private static final String EMBEDDING = "/v1/embeddings";
    private static final String LOAD = "/v1/load_lora_adapter";
    private static final String UNLOAD = "/v1/unload_lora_adapter";
    private static final String GENERATE = "/v1/adapters/generate";
    private static final String HI = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";
    private static final int BODY_LIMIT = 64 << 10;

    @TempDir
    static Path folder;

    private static TestServer server;
    private static TestServer locked;

    @BeforeAll
    static void start() throws IOException {
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.writeString(folder.resolve("secret.gguf"), "secret");
        Files.writeString(root.resolve("broken.gguf"), "GGUF and then nothing");
        Files.copy(Nano.BASE, root.resolve("base.gguf"));
        Files.createSymbolicLink(root.resolve("link.gguf"), folder.resolve("secret.gguf"));
        Path peft = Files.createDirectories(root.resolve("peft"));
        Files.writeString(peft.resolve("adapter_config.json"), "{\"r\": \"four\"}");
        Files.writeString(peft.resolve("adapter_model.safetensors"), "no");
        HttpOptions plain = HttpOptions.DEFAULT;
        HttpOptions small = new HttpOptions(
                plain.host(),
                0,
                List.of(),
                false,
                List.of("https://friend.example"),
                false,
                BODY_LIMIT,
                plain.timeout(),
                plain.sampling(),
                plain.maxTokens(),
                plain.limits(),
                false);
        server = TestServer.start(root, small, 8);
        server.load("first-upper", "upper");
        locked = TestServer.start(root, small.withApiKeys(List.of("a-long-key", "another")), 8);
    }

    @AfterAll
    static void stop() {
        server.close();
        locked.close();
    }

    @AfterEach
    void serverIsAsBefore() throws IOException, InterruptedException {
        assertThat(server.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
        assertThat(server.post(CHAT, TestServer.chat("upper", "hi", 1, "")).status())
                .isEqualTo(200);
        assertThat(server.get("/v1/lora_adapters").json().get("data")).hasSize(1);
    }

    private static List<Arguments> bodies() {
        List<Arguments> all = new ArrayList<>();
        String bad = "invalid_request";
        String unsupported = "unsupported_parameter";
        // no JSON, or not the JSON that is expected
        for (String body : new String[] {
            "",
            " ",
            "{",
            "}",
            "[]",
            "null",
            "1",
            "\"text\"",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "{\"a\":1}{\"b\":2}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\n\"}",
            "{\"a\":1e999}",
            "[".repeat(1000),
            "{\"a\":".repeat(100) + "1" + "}".repeat(100),
            "/* c */ {}",
            "\ufeff{}",
            "{\"messages\"}",
        }) {
            all.add(Arguments.of(CHAT, body, 400, bad));
        }
        // messages
        for (String messages : new String[] {
            "null",
            "[]",
            "{}",
            "\"hi\"",
            "[1]",
            "[null]",
            "[{}]",
            "[{\"role\":\"user\"}]",
            "[{\"content\":\"hi\"}]",
            "[{\"role\":1,\"content\":\"hi\"}]",
            "[{\"role\":\"user\",\"content\":1}]",
            "[{\"role\":\"robot\",\"content\":\"hi\"}]",
            "[{\"role\":\"tool\",\"content\":\"hi\"}]",
            "[{\"role\":\"user\",\"content\":[1]}]",
            "[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}]",
            "[{\"role\":\"user\",\"content\":{\"type\":\"text\"}}]",
        }) {
            all.add(Arguments.of(CHAT, "{\"messages\":" + messages + "}", 400, bad));
        }
        all.add(Arguments.of(
                CHAT,
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]}",
                400,
                unsupported));
        // fields out of range or of another type
        for (String field : new String[] {
            "\"model\":1",
            "\"model\":{}",
            "\"stream\":1",
            "\"stream\":\"yes\"",
            "\"temperature\":-1",
            "\"temperature\":\"hot\"",
            "\"temperature\":101",
            "\"top_p\":1.5",
            "\"top_p\":-0.1",
            "\"top_k\":-1",
            "\"top_k\":1.5",
            "\"min_p\":2",
            "\"max_tokens\":0",
            "\"max_tokens\":-2",
            "\"max_tokens\":1e30",
            "\"max_tokens\":\"many\"",
            "\"max_completion_tokens\":0",
            "\"seed\":1.5",
            "\"seed\":\"a\"",
            "\"seed\":1e300",
            "\"stop\":1",
            "\"stop\":[\"\"]",
            "\"stop\":\"\"",
            "\"stop\":[1]",
            "\"stop\":[" + "\"a\",".repeat(16) + "\"a\"]",
            "\"stop\":\"" + "a".repeat(1001) + "\"",
            "\"frequency_penalty\":3",
            "\"presence_penalty\":-3",
            "\"repeat_penalty\":0",
            "\"logprobs\":1",
            "\"top_logprobs\":2",
            "\"logprobs\":true,\"top_logprobs\":21",
            "\"logprobs\":true,\"top_logprobs\":-1",
            "\"n\":0",
            "\"n\":1000",
            "\"stream_options\":{\"include_usage\":true}",
            "\"stream\":true,\"stream_options\":1",
            "\"response_format\":\"json\"",
            "\"lora\":1",
            "\"lora\":[1]",
            "\"lora\":[{}]",
            "\"lora\":[{\"id\":1.5}]",
            "\"lora\":[{\"id\":0,\"scale\":\"big\"}]",
            "\"lora\":[{\"id\":0,\"scale\":1e9}]",
        }) {
            all.add(Arguments.of(CHAT, "{" + HI + "," + field + "}", 400, bad));
        }
        for (String field : new String[] {
            "\"n\":2",
            "\"tools\":[{}]",
            "\"tool_choice\":\"required\"",
            "\"functions\":[{}]",
            "\"logit_bias\":{\"1\":5}",
            "\"response_format\":{\"type\":\"json_object\"}",
            "\"grammar\":\"root ::= x\"",
            "\"audio\":{\"voice\":\"a\"}",
        }) {
            all.add(Arguments.of(CHAT, "{" + HI + "," + field + "}", 400, unsupported));
        }
        // names that are not known are never answered by the base model
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"gpt-4\"}", 404, "model_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"Base\"}", 404, "model_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"other:upper\"}", 404, "model_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"../upper\"}", 404, "model_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"base:\"}", 404, "lora_adapter_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"model\":\"base:absent\"}", 404, "lora_adapter_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"lora\":[{\"id\":99}]}", 404, "lora_adapter_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"lora\":[{\"name\":\"absent\"}]}", 404, "lora_adapter_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"lora\":[],\"model\":\"absent\"}", 404, "model_not_found"));
        all.add(Arguments.of(CHAT, "{" + HI + ",\"lora\":[{\"id\":0},{\"id\":0}]}", 400, "invalid_lora_adapter"));
        // too long
        String longText = "word ".repeat(2000);
        all.add(Arguments.of(
                CHAT,
                "{\"messages\":[{\"role\":\"user\",\"content\":\"" + longText + "\"}]}",
                400,
                "context_length_exceeded"));
        all.add(Arguments.of(COMPLETION, "{\"prompt\":\"" + longText + "\"}", 400, "context_length_exceeded"));
        all.add(Arguments.of(CHAT, "{\"a\":\"" + "x".repeat(BODY_LIMIT) + "\"}", 413, "request_too_large"));
        // completions
        for (String prompt : new String[] {
            "null",
            "\"\"",
            "[]",
            "{}",
            "1",
            "[[]]",
            "[-1]",
            "[999999999]",
            "[1.5]",
            "[\"a\",1]",
            "[\"a\",\"\"]",
            "[null]",
            "[" + "\"a\",".repeat(64) + "\"a\"]",
        }) {
            all.add(Arguments.of(COMPLETION, "{\"prompt\":" + prompt + "}", 400, bad));
        }
        all.add(Arguments.of(COMPLETION, "{\"prompt\":\"a\",\"logprobs\":true}", 400, bad));
        all.add(Arguments.of(COMPLETION, "{\"prompt\":\"a\",\"best_of\":2}", 400, bad));
        all.add(Arguments.of(COMPLETION, "{\"prompt\":\"a\",\"suffix\":\"b\"}", 400, unsupported));
        all.add(Arguments.of(COMPLETION, "{\"prompt\":[\"a\",\"b\"],\"stream\":true}", 400, unsupported));
        // embeddings
        for (String body : new String[] {
            "{}",
            "{\"input\":\"\"}",
            "{\"input\":[]}",
            "{\"input\":[1]}",
            "{\"input\":1}",
            "{\"input\":\"a\",\"encoding_format\":\"hex\"}",
        }) {
            all.add(Arguments.of(EMBEDDING, body, 400, bad));
        }
        all.add(Arguments.of(EMBEDDING, "{\"input\":\"a\",\"dimensions\":3}", 400, unsupported));
        all.add(Arguments.of(EMBEDDING, "{\"input\":\"a\",\"model\":\"base\"}", 404, "model_not_found"));
        // loading by path
        for (String path : new String[] {
            "../secret.gguf",
            "/etc/passwd",
            "..",
            "",
            ".",
            "link.gguf",
            "peft/../../secret.gguf",
            "./../root/../secret.gguf",
        }) {
            all.add(Arguments.of(LOAD, load("x", path), 403, "adapter_path_forbidden"));
        }
        for (String path : new String[] {"absent.gguf", "broken.gguf", "base.gguf", "peft", "nul\\u0000.gguf"}) {
            all.add(Arguments.of(LOAD, load("x", path), 400, "invalid_lora_adapter"));
        }
        for (String name : new String[] {"", "..", "a/b", "a b", ".hidden", "a\\u0000", "é", "x".repeat(65), "-a"}) {
            all.add(Arguments.of(LOAD, load(name, "broken.gguf"), 400, "invalid_lora_adapter"));
        }
        all.add(Arguments.of(LOAD, load("upper", "broken.gguf"), 409, "lora_adapter_already_loaded"));
        all.add(Arguments.of(
                LOAD,
                "{\"lora_name\":\"upper\",\"lora_path\":\"broken.gguf\",\"load_inplace\":true,"
                        + "\"expected_generation\":\"old\"}",
                409,
                "lora_generation_mismatch"));
        all.add(Arguments.of(LOAD, "{\"lora_name\":\"x\"}", 400, bad));
        all.add(Arguments.of(LOAD, "{\"lora_name\":1,\"lora_path\":\"a\"}", 400, bad));
        all.add(Arguments.of(UNLOAD, "{\"lora_name\":\"absent\"}", 404, "lora_adapter_not_found"));
        all.add(Arguments.of(UNLOAD, "{}", 400, bad));
        all.add(Arguments.of("/lora-adapters", "{}", 400, bad));
        all.add(Arguments.of("/lora-adapters", "[{\"id\":0,\"scale\":1},{\"id\":5}]", 404, "lora_adapter_not_found"));
        // generating
        for (String body : new String[] {
            "{}",
            "{\"prompts\":[]}",
            "{\"prompts\":[\" \"]}",
            "{\"prompts\":[1]}",
            "{\"prompts\":{}}",
            "{\"prompts\":[\"a\"],\"seed\":\"x\"}",
            "{\"prompts\":[\"a\"],\"scale\":1e30}",
            "{\"prompts\":[\"a\"],\"stream\":1}",
        }) {
            all.add(Arguments.of(GENERATE, body, 400, bad));
        }
        all.add(Arguments.of(GENERATE, "{\"prompts\":[\"a\"],\"generator\":\"absent\"}", 404, "generator_not_found"));
        all.add(Arguments.of(GENERATE, "{\"prompts\":[\"a\"],\"name\":\"../x\"}", 400, "invalid_lora_adapter"));
        all.add(Arguments.of(GENERATE, "{\"prompts\":[\"a\"],\"name\":\"upper\"}", 409, "lora_adapter_already_loaded"));
        all.add(Arguments.of(GENERATE, "{\"prompts\":[\"a\"],\"save_to\":\"/tmp/x\"}", 400, unsupported));
        // small ones
        all.add(Arguments.of("/tokenize", "{}", 400, bad));
        all.add(Arguments.of("/tokenize", "{\"content\":1}", 400, bad));
        all.add(Arguments.of("/detokenize", "{\"tokens\":[-1]}", 400, bad));
        all.add(Arguments.of("/detokenize", "{\"tokens\":[\"a\"]}", 400, bad));
        all.add(Arguments.of("/apply-template", "{\"messages\":[]}", 400, bad));
        all.add(Arguments.of("/v1/nothing", "{}", 404, "not_found"));
        all.add(Arguments.of("/v1/chat/completions/", "{" + HI + "}", 404, "not_found"));
        all.add(Arguments.of("//v1/chat/completions", "{" + HI + "}", 404, "not_found"));
        all.add(Arguments.of("/health", "{}", 405, "method_not_allowed"));
        all.add(Arguments.of("/v1/models", "{}", 405, "method_not_allowed"));
        return all;
    }

    private static String load(String name, String path) {
        return "{\"lora_name\":\"" + name + "\",\"lora_path\":\"" + path + "\"}";
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void post_wrongBody_refusedWithItsCode(String path, String body, int status, String code) throws Exception {
        requireRefusal(server.post(path, body), status, code);
    }

    @Test
    void bodies_areManyEnough() {
        assertThat(bodies()).hasSizeGreaterThan(150);
    }

    private static void requireRefusal(TestServer.Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.code()).as(answer.body()).isEqualTo(code);
        assertThat(answer.json().at("/error/message").asString()).isNotBlank();
        assertThat(answer.json().at("/error/type").asString()).isNotBlank();
        assertThat(answer.json().get("error").has("param")).isTrue();
        assertThat(answer.body())
                .doesNotContain(folder.toString(), Nano.SET.toString(), "Exception", "\\tat ", "org.dndllm", "secret");
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
        assertThat(answer).doesNotContain("\tat ", "org.dndllm", folder.toString());
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

    @Test
    void key_missingOrWrong_401() throws Exception {
        for (String header : new String[] {
            "", "Bearer ", "Bearer wrong", "Bearer a-long-ke", "Bearer a-long-key2", "Basic a-long-key", "a-long-key"
        }) {
            for (String path :
                    new String[] {"/v1/models", "/props", "/openapi.json", "/v1/adapters/upper", "/nothing"}) {
                TestServer.Answer answer =
                        locked.send(locked.request(path).header("Authorization", header.isEmpty() ? " " : header));

                requireRefusal(answer, 401, "invalid_api_key");
            }
        }
        assertThat(locked.get("/health").status()).isEqualTo(200);
        assertThat(locked.get("/v1/health").status()).isEqualTo(200);
        assertThat(locked.send(locked.request("/v1/models").header("Authorization", "Bearer a-long-key"))
                        .status())
                .isEqualTo(200);
        assertThat(locked.send(locked.request("/v1/models").header("X-Api-Key", "another"))
                        .status())
                .isEqualTo(200);
    }

    private static String exchange(int port, byte[] request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
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
