package org.dndllm.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A greedy answer that came over HTTP as a stream; times are those of {@link System#nanoTime}.
 *
 * @param text of the answer
 * @param tokens that the server counted
 * @param start when the request was sent
 * @param pieces when each piece of text came
 * @param end when the chunk with the reason came
 * @param problem what went wrong; empty where nothing did
 */
record StreamedChat(String text, int tokens, long start, List<Long> pieces, long end, String problem) {
    private static final String DATA = "data: ";

    /** An event as it came; parsed only when the answer is whole, so that the client takes little from the server. */
    private record Event(long time, String data) {}

    /**
     * Asks and waits for the whole answer.
     *
     * @param model name of the base model or of an adapter
     */
    static StreamedChat ask(int port, String model, String question, int maxTokens) {
        String body = request(model, question, maxTokens);
        List<Event> events = new ArrayList<>();
        long start = System.nanoTime();
        try (LoopbackHttp http = new LoopbackHttp(port, "POST", "/v1/chat/completions", body)) {
            for (@Nullable String line = http.line(); line != null; line = http.line()) {
                if (line.startsWith(DATA)) {
                    events.add(new Event(System.nanoTime(), line.substring(DATA.length())));
                } else if (http.status() != 200) {
                    return failed(start, "status " + http.status() + ": " + line);
                }
            }
        } catch (IOException e) {
            return failed(start, e.toString());
        }
        return parse(start, events);
    }

    private static String request(String model, String question, int maxTokens) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model", model);
        json.put("messages", List.of(Map.of("role", "user", "content", question)));
        json.put("temperature", 0);
        json.put("max_tokens", maxTokens);
        json.put("stream", true);
        json.put("stream_options", Map.of("include_usage", true));
        return JsonWriter.compact(json);
    }

    private static StreamedChat failed(long start, String problem) {
        return new StreamedChat("", 0, start, List.of(), System.nanoTime(), problem);
    }

    private static StreamedChat parse(long start, List<Event> events) {
        StringBuilder text = new StringBuilder();
        List<Long> pieces = new ArrayList<>();
        int tokens = 0;
        long end = 0;
        for (Event event : events) {
            if (event.data().equals("[DONE]")) {
                continue;
            }
            JsonNode json = JsonMapper.shared().readTree(event.data());
            if (json.has("error")) {
                return failed(start, event.data());
            }
            String piece = json.at("/choices/0/delta/content").asString("");
            if (!piece.isEmpty()) {
                text.append(piece);
                pieces.add(event.time());
            }
            if (json.at("/choices/0/finish_reason").isString()) {
                end = event.time();
            }
            tokens = json.at("/usage/completion_tokens").asInt(tokens);
        }
        return end == 0
                ? failed(start, "the stream ended without a finish_reason")
                : new StreamedChat(text.toString(), tokens, start, pieces, end, "");
    }

    boolean isFailed() {
        return !problem.isEmpty();
    }

    /** When the first text came; the end of an answer without any. */
    long first() {
        return pieces.isEmpty() ? end : pieces.getFirst();
    }

    /** Milliseconds between pieces, in order. */
    List<Double> gaps() {
        List<Double> gaps = new ArrayList<>();
        for (int i = 1; i < pieces.size(); i++) {
            gaps.add((pieces.get(i) - pieces.get(i - 1)) / 1e6);
        }
        return gaps;
    }
}
