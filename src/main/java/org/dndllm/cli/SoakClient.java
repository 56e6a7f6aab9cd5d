package org.dndllm.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** One client of {@code dnd bench serve-soak}: asks again and again, now and then wrongly, and now and then it leaves. */
final class SoakClient {
    private static final int PATIENCE_MILLIS = 120_000;
    private static final double BAD = 0.05;
    private static final double VANISH = 0.05;
    private static final double BLEND = 0.1;
    private static final double WHOLE = 0.2;
    private static final String CHAT = "/v1/chat/completions";
    private static final String QUESTION = "\"messages\":[{\"role\":\"user\",\"content\":\"What comes next?\"}]";
    private static final List<Bad> BAD_REQUESTS = List.of(
            new Bad("POST", CHAT, "{", 400),
            new Bad("POST", CHAT, "{\"messages\":[]}", 400),
            new Bad("POST", CHAT, "{" + QUESTION + ",\"n\":2}", 400),
            new Bad("POST", CHAT, "{" + QUESTION + ",\"model\":\"absent\"}", 404),
            new Bad("POST", CHAT, "{" + QUESTION + ",\"lora\":[{\"name\":\"absent\"}]}", 404),
            new Bad("POST", "/v1/completions", "{\"prompt\":\"" + "word ".repeat(40_000) + "\"}", 400),
            new Bad("POST", "/v1/load_lora_adapter", "{\"lora_name\":\"x\",\"lora_path\":\"../x\"}", 403),
            new Bad("POST", "/v1/load_lora_adapter", "{\"lora_name\":\"x\",\"lora_path\":\"absent.gguf\"}", 400),
            new Bad("POST", "/v1/unload_lora_adapter", "{\"lora_name\":\"absent\"}", 404),
            new Bad("POST", "/v1/adapters/generate", "{\"prompts\":[]}", 400),
            new Bad("GET", "/v1/nothing", "", 404),
            new Bad("DELETE", CHAT, "", 405),
            new Bad("BREW TEA", "/", "", 400));

    private final int port;
    private final List<String> adapters;
    private final int mostTokens;
    private final RandomGenerator random;
    private final SoakTally tally;

    /** A request that is wrong, and the status that says so. */
    private record Bad(String method, String path, String json, int status) {}

    /**
     * @param adapters names that may be asked for, the base among them
     * @param mostTokens longest answer
     */
    SoakClient(int port, List<String> adapters, int mostTokens, RandomGenerator random, SoakTally tally) {
        this.port = port;
        this.adapters = adapters;
        this.mostTokens = mostTokens;
        this.random = random;
        this.tally = tally;
    }

    /** Makes one request. */
    void step() {
        double kind = random.nextDouble();
        if (kind < BAD) {
            bad(BAD_REQUESTS.get(random.nextInt(BAD_REQUESTS.size())));
        } else if (kind < BAD + VANISH) {
            vanish();
        } else if (kind < BAD + VANISH + WHOLE) {
            whole();
        } else {
            stream();
        }
    }

    private void bad(Bad request) {
        tally.add("bad", expect(request.status(), request.method(), request.path(), request.json()));
    }

    private Optional<String> expect(int status, String method, String path, String json) {
        LoopbackHttp.Reply reply = LoopbackHttp.call(port, method, path, json);
        return reply.status() == status
                ? Optional.empty()
                : Optional.of(method + " " + path + ": status " + reply.status() + " instead of " + status + ", "
                        + reply.text());
    }

    private void whole() {
        tally.add("whole", expect(200, "POST", CHAT, chat(false)));
    }

    private void stream() {
        StreamedChat answer = StreamedChat.ask(port, model(), question(), tokens());
        tally.add("streamed", answer.isFailed() ? Optional.of(answer.problem()) : Optional.empty());
    }

    /** Leaves at once, or after the first bytes of a stream. */
    private void vanish() {
        boolean stream = random.nextBoolean();
        byte[] request = LoopbackHttp.request(port, "POST", CHAT, chat(stream));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            int whole = random.nextInt(4) == 0 ? random.nextInt(request.length) : request.length;
            socket.getOutputStream().write(request, 0, whole);
            if (stream && whole == request.length) {
                String begin = new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
                tally.add("vanished", begin.equals("HTTP/1.1 200") ? Optional.empty() : Optional.of(begin));
            } else {
                tally.add("vanished", Optional.empty());
            }
        } catch (IOException e) {
            tally.add("vanished", Optional.of(e.toString()));
        }
    }

    private String chat(boolean stream) {
        String set = random.nextDouble() < BLEND
                ? "\"lora\":[{\"name\":\"" + adapter() + "\",\"scale\":0.5}]"
                : "\"model\":\"" + model() + "\"";
        return "{" + set + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + question() + "\"}],\"max_tokens\":"
                + tokens() + ",\"seed\":" + random.nextInt(1000) + ",\"stream\":" + stream + "}";
    }

    private String model() {
        return adapters.get(random.nextInt(adapters.size()));
    }

    private String adapter() {
        return adapters.get(1 + random.nextInt(adapters.size() - 1));
    }

    private String question() {
        return random.nextInt(10_000) + " is the number. What comes next?";
    }

    private int tokens() {
        return 1 + random.nextInt(mostTokens);
    }
}
