package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
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
@Timeout(value = 600, unit = TimeUnit.SECONDS)
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
        HttpOptions small = TestServer.strict(BODY_LIMIT);
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
}
