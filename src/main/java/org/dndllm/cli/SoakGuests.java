package org.dndllm.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.dndllm.format.JsonWriter;
import tools.jackson.databind.json.JsonMapper;

/** Adapters that come, are replaced in place, answer and go, one at a time, all under one name. */
final class SoakGuests {
    private static final String NAME = "guest";
    private static final int FILES = 3;
    private static final long FIRST_SEED = 200;
    private static final int TOKENS = 8;
    private static final List<String> PROMPTS =
            List.of("Write the word apple backwards.", "Write the word house backwards.");

    private final ServeBench bench;
    private final SoakTally tally;
    private final List<ServeBench.Adapter> files;
    private int cycle;

    SoakGuests(ServeBench bench, SoakTally tally) {
        this.bench = bench;
        this.tally = tally;
        files = IntStream.range(0, FILES)
                .mapToObj(i -> bench.newAdapter(NAME + "-" + i, FIRST_SEED + i))
                .toList();
    }

    /** One guest from its coming to its going. */
    void step() {
        cycle++;
        bring(cycle, false);
        use();
        bring(cycle + 1, true);
        use();
        unload();
    }

    private void bring(int number, boolean replace) {
        if (number % 2 == 1 && !bench.options().generators().isEmpty()) {
            post(
                    "generate",
                    "/v1/adapters/generate",
                    Map.of("name", NAME, "prompts", PROMPTS, "seed", number % FILES, "load_inplace", replace));
        } else {
            String file = String.valueOf(files.get(number % FILES).file().getFileName());
            post(
                    "load",
                    "/v1/load_lora_adapter",
                    Map.of("lora_name", NAME, "lora_path", file, "load_inplace", replace));
        }
    }

    private void use() {
        StreamedChat answer = StreamedChat.ask(bench.port(), NAME, bench.freshQuestion(), TOKENS);
        tally.add("guest", answer.isFailed() ? Optional.of(answer.problem()) : Optional.empty());
    }

    private void unload() {
        post("unload", "/v1/unload_lora_adapter", Map.of("lora_name", NAME))
                .filter(reply -> !JsonMapper.shared()
                        .readTree(reply.body())
                        .path("freed")
                        .asBoolean(false))
                .ifPresent(reply -> tally.add("freed", Optional.of("not given back: " + reply.text())));
    }

    private Optional<LoopbackHttp.Reply> post(String kind, String path, Map<String, ?> json) {
        LoopbackHttp.Reply reply = LoopbackHttp.call(bench.port(), "POST", path, JsonWriter.compact(json));
        boolean good = reply.status() == 200;
        tally.add(kind, good ? Optional.empty() : Optional.of("status " + reply.status() + ", " + reply.text()));
        return good ? Optional.of(reply) : Optional.empty();
    }
}
