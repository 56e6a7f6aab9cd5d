package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Nano;
import org.dndllm.engine.PromptReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** {@code /v1/evaluations} and the page over HTTP. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class EvaluationEndpointIT {
    private static final String ITEM = "{\"prompt\":\"p\",\"response\":\"r\"}";

    @TempDir
    static Path root;

    private static TestServer server;
    private static List<String> prompts;

    @BeforeAll
    static void start() {
        server = TestServer.start(root, HttpOptions.DEFAULT, 64);
        server.load("first-upper", "upper");
        prompts = PromptReader.read(Nano.SET.resolve("tasks/first-upper_test.json"))
                .prompts()
                .subList(0, 10);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void post_labelledItems_scoresAreThoseOfTheChatEndpoint() throws Exception {
        // given: what base and adapter answer, and labels of which the adapter has six right
        List<String> base = answers("base");
        List<String> upper = answers("upper");
        List<Map<String, String>> items = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            items.add(Map.of("prompt", prompts.get(i), "response", i < 6 ? upper.get(i) : "none of them"));
        }
        // when
        JsonNode json = server.post("/v1/evaluations", body(items, "\"upper\"")).json();
        // then
        assertThat(json.get("items").asInt()).isEqualTo(10);
        assertThat(json.at("/results/0").has("adapter")).isFalse();
        assertThat(texts(json.at("/results/0/answers"))).isEqualTo(base);
        assertThat(json.at("/results/1/adapter").asString()).isEqualTo("upper");
        assertThat(texts(json.at("/results/1/answers"))).isEqualTo(upper);
        assertThat(json.at("/results/1/correct").asInt()).isEqualTo(6);
        assertThat(json.at("/results/1/accuracy/value").asDouble()).isEqualTo(0.6);
        assertThat(json.at("/results/1/accuracy/low").asDouble()).isLessThan(0.6);
        assertThat(json.at("/results/1").has("condition_items")).as("of a file").isFalse();
    }

    @Test
    void post_promptsOfTheCondition_areFlagged() throws Exception {
        // given: an adapter from eight of the ten prompts
        String condition = TestServer.JSON.writeValueAsString(prompts.subList(0, 8));
        assertThat(server.post("/v1/adapters/generate", "{\"name\":\"seen\",\"prompts\":" + condition + "}")
                        .status())
                .isEqualTo(200);
        List<Map<String, String>> items = prompts.stream()
                .map(prompt -> Map.of("prompt", prompt, "response", "x"))
                .toList();
        // when
        JsonNode json = server.post("/v1/evaluations", body(items, "\"seen\"")).json();
        // then
        assertThat(json.at("/results/0/condition_items").asInt()).isZero();
        assertThat(json.at("/results/1/condition_items").asInt()).isEqualTo(8);
        assertThat(json.at("/warnings/0").asString()).contains("8 of 10", "seen");
    }

    @Test
    void post_stream_progressThenTheEvaluation() throws Exception {
        // when
        TestServer.Answer answer =
                server.post("/v1/evaluations", "{\"stream\":true,\"adapters\":[\"upper\"],\"items\":[" + ITEM + "]}");
        // then
        List<JsonNode> events = answer.events();
        assertThat(events.getFirst().get("stage").asString()).isEqualTo("base model");
        assertThat(events.get(events.size() - 2).get("done").asInt()).isEqualTo(2);
        assertThat(events.getLast().get("object").asString()).isEqualTo("evaluation");
        assertThat(answer.body()).contains("event: progress\n", "event: evaluation\n");
    }

    @Test
    void post_streamOfATooLongItem_endsWithAnErrorEvent() throws Exception {
        String item = "{\"prompt\":\"" + "word ".repeat(600) + "\",\"response\":\"r\"}";
        TestServer.Answer answer = server.post("/v1/evaluations", "{\"stream\":true,\"items\":[" + item + "]}");
        assertThat(answer.body()).contains("event: error\n");
        assertThat(answer.events().getLast().at("/error/param").asString()).isEqualTo("items[0].prompt");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]                                     | 400 | invalid_request",
                "{}                                     | 400 | invalid_request",
                "{\"items\":[]}                         | 400 | invalid_request",
                "{\"items\":[{\"prompt\":\"p\"}]}       | 400 | invalid_request",
                "{\"items\":[ITEM],\"max_tokens\":9999} | 400 | invalid_request",
                "{\"items\":[ITEM],\"stream\":\"yes\"}  | 400 | invalid_request",
                "{\"items\":[ITEM],\"adapters\":[\"nobody\"]}           | 404 | lora_adapter_not_found",
                "{\"items\":[ITEM],\"adapters\":[\"upper\",\"nobody\"]} | 404 | lora_adapter_not_found",
            })
    void post_badRequest_isRefused(String body, int status, String code) throws Exception {
        TestServer.Answer answer = server.post("/v1/evaluations", body.replace("ITEM", ITEM));
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(server.server().registry().users("upper")).as("leases").isZero();
    }

    @Test
    void page_sameTagAgain_isNotSentAgain() throws Exception {
        // when
        TestServer.Answer first = server.get("/");
        String tag = first.response().headers().firstValue("ETag").orElseThrow();
        TestServer.Answer again = server.send(server.request("/").header("If-None-Match", tag));
        // then
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.body()).startsWith("<!doctype html>");
        assertThat(first.response().headers().firstValue("Content-Security-Policy"))
                .isPresent();
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        assertThat(server.get("/page/main.js").response().headers().firstValue("Content-Type"))
                .hasValue("text/javascript; charset=utf-8");
    }

    @ParameterizedTest
    @CsvSource({"/page/", "/page/index.html", "/page/nothing.js", "/page/..%2Fmain.js", "/page/a/b.js", "/page"})
    void page_unknownFile_isNotFound(String path) throws Exception {
        assertThat(server.get(path).status()).isEqualTo(404);
    }

    @Test
    void page_serverWithAKey_isOpenButNothingElseIs() throws Exception {
        try (TestServer locked = TestServer.start(root, HttpOptions.DEFAULT.withApiKeys(List.of("key")), 4)) {
            assertThat(locked.get("/").status()).isEqualTo(200);
            assertThat(locked.get("/page/main.js").status()).isEqualTo(200);
            assertThat(locked.get("/props").status()).isEqualTo(401);
            assertThat(locked.post("/v1/evaluations", "{\"items\":[" + ITEM + "]}")
                            .status())
                    .isEqualTo(401);
        }
    }

    private static List<String> answers(String model) throws Exception {
        List<String> answers = new ArrayList<>();
        for (String prompt : prompts) {
            answers.add(server.post("/v1/chat/completions", TestServer.chat(model, prompt, 6, ""))
                    .json()
                    .at("/choices/0/message/content")
                    .asString());
        }
        return answers;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asString()));
        return texts;
    }

    private static String body(List<Map<String, String>> items, String adapters) {
        return "{\"max_tokens\":6,\"adapters\":[" + adapters + "],\"items\":"
                + TestServer.JSON.writeValueAsString(items) + "}";
    }
}
