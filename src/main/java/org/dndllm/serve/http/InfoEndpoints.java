package org.dndllm.serve.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.llama.SamplerOptions;
import org.dndllm.serve.adapter.AdapterCard;
import org.dndllm.serve.metrics.PrometheusText;

/** What the server says about itself. */
final class InfoEndpoints {
    private static final String OWNER = "dnd";

    private final Services services;

    InfoEndpoints(Services services) {
        this.services = services;
    }

    /** {@code GET /health}. */
    void health(Call call) throws IOException {
        if (services.scheduler().isRunning()) {
            call.send(200, Map.of("status", "ok"));
        } else {
            throw new ApiException(503, "unavailable", "the engine has stopped; restart the server, its log says why");
        }
    }

    /** {@code GET /v1/models}: the base first, then adapters with their parent, then the encoder. */
    void models(Call call) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put("data", cards());
        call.send(200, json);
    }

    /** {@code GET /v1/models/{id}}. */
    void model(Call call) throws IOException {
        for (Map<String, Object> card : cards()) {
            if (call.name().equals(card.get("id"))) {
                call.send(200, card);
                return;
            }
        }
        throw new ApiException(404, "model_not_found", "there is no such model or adapter; /v1/models lists them");
    }

    private List<Map<String, Object>> cards() {
        List<Map<String, Object>> cards = new ArrayList<>();
        long started = services.started().getEpochSecond();
        cards.add(card(services.base(), started, services.base(), AnswerJson.NULL));
        for (AdapterCard adapter : services.registry().cards()) {
            cards.add(card(adapter.name(), adapter.created().getEpochSecond(), adapter.name(), services.base()));
        }
        services.generators()
                .encoderName()
                .ifPresent(encoder -> cards.add(card(encoder, started, encoder, AnswerJson.NULL)));
        return cards;
    }

    private static Map<String, Object> card(String id, long created, String root, Object parent) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("object", "model");
        json.put("created", created);
        json.put("owned_by", OWNER);
        json.put("root", root);
        json.put("parent", parent);
        return json;
    }

    /** {@code GET /props}. */
    void props(Call call) throws IOException {
        SamplerOptions sampling = services.options().sampling();
        Map<String, Object> params = new LinkedHashMap<>();
        params.put("temperature", sampling.temperature());
        params.put("top_k", sampling.topK());
        params.put("top_p", sampling.topP());
        params.put("min_p", sampling.minP());
        params.put("n_predict", services.options().maxTokens());
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("n_ctx", services.scheduler().positions());
        settings.put("params", params);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("default_generation_settings", settings);
        json.put("total_slots", services.scheduler().options().parallel());
        json.put("contexts", services.scheduler().options().contexts());
        json.put("model_alias", services.base());
        json.put("model", services.model().description());
        json.put("generators", services.generators().names());
        json.put("runtime_lora_updating", services.root().isOpen());
        call.send(200, json);
    }

    /** {@code GET /metrics}. */
    void metrics(Call call, Router router) throws IOException {
        PrometheusText text = new PrometheusText();
        text.counters("dnd_requests_total", "Requests by endpoint and status.", router.counts());
        services.scheduler().metrics().write(text);
        services.workshop().writeMetrics(text);
        call.send(
                200, "text/plain; version=0.0.4; charset=utf-8", text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
