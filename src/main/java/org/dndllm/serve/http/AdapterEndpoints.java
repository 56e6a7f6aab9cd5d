package org.dndllm.serve.http;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dndllm.format.JsonValue;
import org.dndllm.serve.adapter.AdapterCard;
import org.dndllm.serve.adapter.AdapterPublication;
import org.dndllm.serve.adapter.AdapterRegistry;

/** Loading, unloading and listing, in the words of vLLM and llama-server. */
final class AdapterEndpoints {
    private static final Duration FREE_WAIT = Duration.ofSeconds(30);

    private final Services services;

    AdapterEndpoints(Services services) {
        this.services = services;
    }

    /** {@code POST /v1/load_lora_adapter}. */
    void load(Call call) throws IOException {
        Fields fields = new Fields(call.json());
        String name = fields.json().string("lora_name");
        String path = fields.json().string("lora_path");
        AdapterPublication publication = publication(fields, name);
        call.send(200, json(services.workshop().load(services.root().resolve(path), publication)));
    }

    static AdapterPublication publication(Fields fields, String name) {
        return new AdapterPublication(name, fields.flag("load_inplace"), fields.text("expected_generation"));
    }

    /** {@code POST /v1/unload_lora_adapter}. */
    void unload(Call call) throws IOException, InterruptedException {
        unload(call, new Fields(call.json()).json().string("lora_name"));
    }

    /** {@code DELETE /v1/adapters/{name}}. */
    void delete(Call call) throws IOException, InterruptedException {
        unload(call, call.name());
    }

    /** Running requests keep the adapter; the answer says whether its memory is back already. */
    private void unload(Call call, String name) throws IOException, InterruptedException {
        CompletableFuture<Void> freed = services.registry().unload(name);
        boolean done = true;
        try {
            freed.get(FREE_WAIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            done = false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("adapter " + name + " was not freed", e);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("unloaded", true);
        json.put("freed", done);
        call.send(200, json);
    }

    /** {@code GET /v1/lora_adapters}. */
    void list(Call call) throws IOException {
        List<Map<String, Object>> data =
                services.registry().cards().stream().map(this::json).toList();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put("data", data);
        call.send(200, json);
    }

    private Map<String, Object> json(AdapterCard card) {
        Map<String, Object> json = card.toJson();
        json.put("parent", services.base());
        json.put("requests", services.registry().users(card.name()));
        return json;
    }

    /** {@code GET /lora-adapters}. */
    void global(Call call) throws IOException {
        List<Map<String, Object>> list = new ArrayList<>();
        for (AdapterRegistry.Global each : services.registry().global()) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("id", each.id());
            json.put("name", each.name());
            json.put("path", each.name()); // llama-server's field; where the file lies is the server's business
            json.put("scale", each.scale());
            list.add(json);
        }
        call.sendList(200, list);
    }

    /** {@code POST /lora-adapters}: an adapter that is left out gets scale 0. */
    void setGlobal(Call call) throws IOException {
        if (!(call.anyJson() instanceof JsonValue.Arr list)) {
            throw ApiException.field("body", "must be a list of {\"id\": ..., \"scale\": ...}");
        }
        services.registry().setGlobal(ModelChoice.choices(list));
        global(call);
    }
}
