package org.dndllm.serve.http;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.serve.adapter.AdapterCard;
import org.dndllm.serve.adapter.AdapterLease;
import org.dndllm.serve.adapter.AdapterRegistry;
import org.dndllm.serve.evaluation.Contender;

/** The base model and adapters that are scored; the adapters stay loaded until this is closed. */
final class Contenders implements AutoCloseable {
    private final List<AdapterLease> leases = new ArrayList<>();
    private final List<Contender> all = new ArrayList<>(List.of(Contender.BASE));

    private Contenders() {}

    /**
     * Leases adapters.
     *
     * @throws org.dndllm.serve.adapter.AdapterException if there is none of a name; nothing is leased then
     */
    static Contenders lease(AdapterRegistry registry, List<String> names) {
        Contenders contenders = new Contenders();
        try {
            names.forEach(name -> contenders.add(registry, name));
            return contenders;
        } catch (RuntimeException e) {
            contenders.close();
            throw e;
        }
    }

    private void add(AdapterRegistry registry, String name) {
        AdapterLease lease = registry.lease(List.of(AdapterRegistry.Choice.of(name, 1f)));
        leases.add(lease);
        // a name that got other weights between the two calls has a card of which nothing is known here
        Optional<AdapterCard> card =
                registry.card(name).filter(found -> lease.generations().equals(List.of(found.generation())));
        all.add(new Contender(Optional.of(name), lease.set(), card.flatMap(Contenders::condition)));
    }

    /** Hashes of the prompts that an adapter was generated from; empty for one from a file. */
    private static Optional<Set<String>> condition(AdapterCard card) {
        String source = card.name();
        return JsonValue.parse(JsonWriter.write(card.toJson()), source)
                .asObject(source)
                .object("provenance")
                .find("prompts")
                .map(prompts -> prompts.asObject(source))
                .filter(prompts -> prompts.has("drawn_hashes"))
                .map(prompts ->
                        new LinkedHashSet<>(prompts.array("drawn_hashes").strings()));
    }

    /** The base model first. */
    List<Contender> all() {
        return List.copyOf(all);
    }

    @Override
    public void close() {
        leases.forEach(AdapterLease::close);
    }
}
