package org.dndllm.serve.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.dndllm.format.JsonValue;
import org.dndllm.llama.AdapterSet;
import org.dndllm.serve.adapter.AdapterLease;
import org.dndllm.serve.adapter.AdapterRegistry;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationRequest;

/**
 * Which adapters a request asks for: {@code lora} as llama-server has it, or {@code model} naming an adapter, alone or
 * behind the base model and a colon. What is not known is refused; the base model never answers for it.
 *
 */
final class ModelChoice implements AutoCloseable {
    /** Scales beyond this do nothing but overflow. */
    private static final double MOST_SCALE = 1000;

    private final Services services;
    private final String name;
    private final AdapterLease lease;
    private final List<Generation> generations = new ArrayList<>();

    private ModelChoice(Services services, String name, AdapterLease lease) {
        this.services = services;
        this.name = name;
        this.lease = lease;
    }

    static ModelChoice of(Services services, Fields fields) {
        String base = services.base();
        String model = fields.text("model").filter(name -> !name.isEmpty()).orElse(base);
        Optional<String> adapter = adapter(services, model);
        if (fields.json().has("lora")) {
            adapter.ifPresent(
                    name -> services.registry().lease(List.of(one(name))).close()); // it must exist
            return new ModelChoice(
                    services,
                    model,
                    services.registry().lease(choices(fields.json().array("lora"))));
        }
        AdapterLease lease = adapter.map(name -> services.registry().lease(List.of(one(name))))
                .orElseGet(services.registry()::leaseGlobal);
        return new ModelChoice(services, model, lease);
    }

    private static Optional<String> adapter(Services services, String model) {
        String base = services.base();
        if (model.equals(base)) {
            return Optional.empty();
        }
        if (model.startsWith(base + ":")) {
            return Optional.of(model.substring(base.length() + 1));
        }
        if (services.registry().card(model).isEmpty()) {
            throw new ApiException(
                    404, "model_not_found", "model", "there is no such model or adapter; /v1/models lists them");
        }
        return Optional.of(model);
    }

    private static AdapterRegistry.Choice one(String name) {
        return AdapterRegistry.Choice.of(name, 1f);
    }

    /** Entries of {@code lora} or of the global set: {@code id}, which may be a name, or {@code name}, and a scale. */
    static List<AdapterRegistry.Choice> choices(JsonValue.Arr list) {
        List<AdapterRegistry.Choice> choices = new ArrayList<>();
        for (JsonValue.Obj each : list.objects()) {
            Fields fields = new Fields(each);
            float scale = fields.number("scale", -MOST_SCALE, MOST_SCALE, 1f);
            if (each.has("name")
                    || each.find("id").filter(JsonValue.Str.class::isInstance).isPresent()) {
                choices.add(AdapterRegistry.Choice.of(each.string(each.has("name") ? "name" : "id"), scale));
            } else {
                choices.add(AdapterRegistry.Choice.of(each.int32("id"), scale));
            }
        }
        return choices;
    }

    /** The model's name as the answer repeats it. */
    String name() {
        return name;
    }

    /** What to compute with. */
    AdapterSet set() {
        return lease.set();
    }

    /** Identities of the adapters. */
    List<String> generations() {
        return lease.generations();
    }

    /** Starts a generation with these adapters. */
    Generation submit(GenerationRequest request) {
        Generation generation = services.scheduler().submit(request);
        generations.add(generation);
        return generation;
    }

    /** Ends what still runs; the adapters are given back when nothing is computed with them any more. */
    @Override
    public void close() {
        generations.forEach(Generation::cancel);
        CompletableFuture.allOf(generations.stream().map(Generation::ended).toArray(CompletableFuture[]::new))
                .thenRun(lease::close);
    }
}
