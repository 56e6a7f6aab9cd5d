package org.dndllm.serve.http;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonValue;
import org.dndllm.llama.Vocabulary;
import org.dndllm.serve.schedule.GenerationEvent;
import org.dndllm.serve.schedule.TokenLogprob;

/** Parts of answers as OpenAI and llama-server spell them. */
final class AnswerJson {
    static final JsonValue NULL = new JsonValue.Null();

    private AnswerJson() {}

    static String finishReason(GenerationEvent.Finished end) {
        return end.reason() == GenerationEvent.Reason.LENGTH ? "length" : "stop";
    }

    static Map<String, Object> usage(List<GenerationEvent.Finished> ends) {
        int prompt =
                ends.stream().mapToInt(GenerationEvent.Finished::promptTokens).sum();
        int cached =
                ends.stream().mapToInt(GenerationEvent.Finished::cachedTokens).sum();
        int tokens = ends.stream().mapToInt(GenerationEvent.Finished::tokens).sum();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("prompt_tokens", prompt);
        json.put("completion_tokens", tokens);
        json.put("total_tokens", prompt + tokens);
        json.put("prompt_tokens_details", Map.of("cached_tokens", cached));
        return json;
    }

    static Map<String, Object> timings(GenerationEvent.Finished end) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cache_n", end.cachedTokens());
        json.put("prompt_n", end.promptTokens() - end.cachedTokens());
        json.put("prompt_ms", millis(end.promptTime()));
        json.put("predicted_n", end.tokens());
        json.put("predicted_ms", millis(end.answerTime()));
        double seconds = end.answerTime().toNanos() / 1e9;
        json.put("predicted_per_second", seconds > 0 ? Math.round(100 * end.tokens() / seconds) / 100.0 : 0.0);
        return json;
    }

    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1000.0;
    }

    /** Log-probabilities of a chat: {@code {content: [{token, logprob, bytes, top_logprobs}]}}. */
    static Map<String, Object> chatLogprobs(Vocabulary vocabulary, List<TokenLogprob> logprobs) {
        List<Map<String, Object>> content = new ArrayList<>();
        for (TokenLogprob each : logprobs) {
            Map<String, Object> json = token(vocabulary, each.token(), each.logprob());
            json.put(
                    "top_logprobs",
                    each.alternatives().stream()
                            .map(other -> token(vocabulary, other.token(), other.logprob()))
                            .toList());
            content.add(json);
        }
        return Map.of("content", content);
    }

    private static Map<String, Object> token(Vocabulary vocabulary, int token, double logprob) {
        byte[] bytes = vocabulary.piece(token, true);
        List<Integer> unsigned = new ArrayList<>(bytes.length);
        for (byte each : bytes) {
            unsigned.add(each & 0xff);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("token", new String(bytes, StandardCharsets.UTF_8));
        json.put("logprob", finite(logprob));
        json.put("bytes", unsigned);
        return json;
    }

    /** JSON has no minus infinity; OpenAI writes this for it. */
    private static double finite(double logprob) {
        return Double.isFinite(logprob) ? logprob : -9999.0;
    }

    /**
     * Log-probabilities of a completion: parallel lists {@code tokens, token_logprobs, top_logprobs, text_offset}.
     *
     * @param first a token without a log-probability that stands before the others, or -1
     * @param offset of the first token's text
     */
    static Map<String, Object> completionLogprobs(
            Vocabulary vocabulary, int first, List<TokenLogprob> logprobs, int offset) {
        List<Object> tokens = new ArrayList<>();
        List<Object> values = new ArrayList<>();
        List<Object> tops = new ArrayList<>();
        List<Object> offsets = new ArrayList<>();
        int at = offset;
        if (first >= 0) {
            String text = text(vocabulary, first);
            tokens.add(text);
            values.add(NULL);
            tops.add(NULL);
            offsets.add(at);
            at += text.length();
        }
        for (TokenLogprob each : logprobs) {
            String text = text(vocabulary, each.token());
            Map<String, Object> top = new LinkedHashMap<>();
            each.alternatives()
                    .forEach(other -> top.putIfAbsent(text(vocabulary, other.token()), finite(other.logprob())));
            tokens.add(text);
            values.add(finite(each.logprob()));
            tops.add(top);
            offsets.add(at);
            at += text.length();
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("tokens", tokens);
        json.put("token_logprobs", values);
        json.put("top_logprobs", tops);
        json.put("text_offset", offsets);
        return json;
    }

    private static String text(Vocabulary vocabulary, int token) {
        return new String(vocabulary.piece(token, true), StandardCharsets.UTF_8);
    }
}
