package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.serve.http.TestServer.content;
import static org.dndllm.serve.http.TestServer.text;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipInputStream;
import org.dndllm.engine.Nano;
import org.dndllm.engine.PromptReader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Adapters that come and go while the server answers. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ServerAdaptersIT {
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

    @Test
    void generate_stream_progressThenAnAdapterThatAnswersAndExports() throws Exception {
        String prompts = TestServer.JSON.writeValueAsString(
                PromptReader.read(Nano.REVERSE).prompts().subList(0, 20));

        List<JsonNode> events = server.post(
                        "/v1/adapters/generate",
                        "{\"name\":\"made\",\"seed\":3,\"stream\":true,\"prompts\":" + prompts + "}")
                .events();

        assertThat(events.getFirst().has("stage")).isTrue();
        JsonNode card = events.getLast();
        assertThat(card.get("generation").asString()).isNotBlank();
        assertThat(card.at("/effect/max_abs_logit_change").asDouble()).isPositive();
        assertThat(card.at("/provenance/prompts/count").asInt()).isEqualTo(20);
        assertThat(chat("made", 2, "").status()).isEqualTo(200);

        byte[] zip = bytes("/v1/adapters/made");
        Map<String, byte[]> files = unzip(zip);
        assertThat(files).containsKeys("adapter_config.json", "adapter_model.safetensors");
        assertThat(bytes("/v1/adapters/made?format=gguf")).startsWith("GGUF".getBytes(StandardCharsets.US_ASCII));
        Path folder = Files.createDirectories(root.resolve("again"));
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        assertThat(server.post("/v1/load_lora_adapter", "{\"lora_name\":\"again\",\"lora_path\":\"again\"}")
                        .status())
                .isEqualTo(200);
        assertThat(server.delete("/v1/adapters/again").json().get("freed").asBoolean())
                .isTrue();
        assertThat(server.post("/v1/unload_lora_adapter", "{\"lora_name\":\"made\"}")
                        .status())
                .isEqualTo(200);
        assertThat(chat("made", 2, "").code()).isEqualTo("model_not_found");
        assertThat(chat("base:made", 2, "").code()).isEqualTo("lora_adapter_not_found");
    }

    /** As curl and browsers send it. The same prompts give the same weights, whatever way they come. */
    @Test
    void generate_form_sameAdapterAsFromJson() throws Exception {
        List<String> prompts = PromptReader.read(Nano.REVERSE).prompts().subList(0, 5);
        String list = TestServer.JSON.writeValueAsString(prompts);
        String json = "{\"name\":\"listed\",\"seed\":7,\"prompts\":" + list + "}";
        String form = "--b 1\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nuploaded\r\n"
                + "--b 1\r\nContent-Disposition: form-data; name=\"seed\"\r\n\r\n7\r\n"
                + "--b 1\r\nContent-Disposition: form-data; name=\"prompts\"; filename=\"my prompts.json\"\r\n"
                + "Content-Type: application/json\r\n\r\n" + list + "\r\n--b 1--\r\n";

        JsonNode listed = server.post("/v1/adapters/generate", json).json();
        TestServer.Answer answer = server.send(server.request("/v1/adapters/generate")
                .header("Content-Type", "multipart/form-data; boundary=\"b 1\"")
                .POST(java.net.http.HttpRequest.BodyPublishers.ofString(form)));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().get("name").asString()).isEqualTo("uploaded");
        assertThat(answer.json().get("sha256")).isEqualTo(listed.get("sha256"));
        assertThat(answer.json().at("/provenance/prompts")).isEqualTo(listed.at("/provenance/prompts"));
        server.delete("/v1/adapters/listed");
        server.delete("/v1/adapters/uploaded");
    }

    /** Adapters come, are replaced and go while others stream; every answer is the one that its adapter gives alone. */
    @Test
    void swapUnderLoad_everyAnswerIsThatOfItsAdapterAlone() throws Exception {
        // given: what each gives alone
        Map<String, String> alone = new TreeMap<>();
        for (String model : List.of("base", "upper", "doubled")) {
            alone.put(model, content(chat(model, 24, "")));
        }
        copyAdapter("second-same");
        copyAdapter("third-word");
        AtomicBoolean swapping = new AtomicBoolean(true);
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        AtomicInteger answers = new AtomicInteger();

        // when
        List<Thread> clients = new ArrayList<>();
        for (String model : alone.keySet()) {
            for (int i = 0; i < 2; i++) {
                clients.add(Thread.ofVirtual().start(() -> {
                    while (swapping.get()) {
                        try {
                            String text = text(server.post(
                                            "/v1/chat/completions",
                                            TestServer.chat(model, QUESTION, 24, ",\"stream\":true"))
                                    .events());
                            answers.incrementAndGet();
                            if (!text.equals(alone.get(model))) {
                                wrong.add(model + ": " + text);
                            }
                        } catch (IOException | InterruptedException | RuntimeException e) {
                            wrong.add(model + ": " + e);
                        }
                    }
                }));
            }
        }
        for (int round = 0; round < 10; round++) {
            String from = round % 2 == 0 ? "second-same" : "third-word";
            TestServer.Answer loaded = server.post(
                    "/v1/load_lora_adapter",
                    "{\"lora_name\":\"swap\",\"lora_path\":\"" + from + "\",\"load_inplace\":true}");
            assertThat(loaded.status()).as(loaded.body()).isEqualTo(200);
            assertThat(chat("swap", 4, "").status()).isEqualTo(200);
            if (round % 3 == 2) {
                assertThat(server.delete("/v1/adapters/swap").status()).isEqualTo(200);
            }
        }
        swapping.set(false);
        for (Thread client : clients) {
            client.join();
        }

        // then
        assertThat(wrong).isEmpty();
        assertThat(answers.get()).isGreaterThan(6);
        server.delete("/v1/adapters/swap");
    }

    // ---- parts ------------------------------------------------------------------------------------------------------

    private static TestServer.Answer chat(String model, int maxTokens, String more)
            throws IOException, InterruptedException {
        return server.post("/v1/chat/completions", TestServer.chat(model, QUESTION, maxTokens, more));
    }

    private static byte[] bytes(String path) throws IOException, InterruptedException {
        HttpResponse<byte[]> response =
                server.client().send(server.request(path).build(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(response.statusCode()).isEqualTo(200);
        return response.body();
    }

    private static Map<String, byte[]> unzip(byte[] zip) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                files.put(entry.getName(), in.readAllBytes());
            }
        }
        return files;
    }

    private static void copyAdapter(String name) throws IOException {
        Path target = Files.createDirectories(root.resolve(name));
        for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
            try (InputStream in =
                    Files.newInputStream(TestServer.ADAPTERS.resolve(name).resolve(file))) {
                Files.write(target.resolve(file), in.readAllBytes());
            }
        }
    }
}
