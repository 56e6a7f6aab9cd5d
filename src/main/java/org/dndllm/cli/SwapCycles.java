package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.dndllm.DndException;
import org.dndllm.EnvironmentException;
import org.dndllm.format.JsonWriter;
import org.dndllm.llama.AdapterSet;
import tools.jackson.databind.json.JsonMapper;

/**
 * Adapters that come and go, one at a time, all over HTTP and all under one name: loaded from a file or, where the server
 * has a generator, every second time generated; then used; then unloaded.
 */
final class SwapCycles {
    /** Tokens of each answer. */
    static final int TOKENS = 8;

    private static final String NAME = "guest";
    private static final int FILES = 3;
    private static final long FIRST_SEED = 100;
    private static final List<String> PROMPTS =
            List.of("Write the word apple backwards.", "Write the word house backwards.");

    private final ServeBench bench;
    private final List<String> questions;
    private final List<ServeBench.Adapter> files;
    private final List<Use> uses = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final List<Double> millis = new ArrayList<>();
    private Optional<AdapterSet> generatedSet = Optional.empty();
    private int generated;

    /** What an adapter answered while it was there. */
    record Use(AdapterSet set, String question, StreamedChat answer) {}

    SwapCycles(ServeBench bench, List<String> questions) {
        this.bench = bench;
        this.questions = questions;
        files = IntStream.range(0, FILES)
                .mapToObj(i -> bench.newAdapter(NAME + "-" + i, FIRST_SEED + i))
                .toList();
    }

    /** Runs all of them; what goes wrong is noted and does not end the load. */
    void run() {
        for (int cycle = 0; cycle < count(); cycle++) {
            try {
                cycle(cycle);
            } catch (DndException e) {
                problems.add(String.valueOf(e.getMessage()));
            }
        }
    }

    private void cycle(int cycle) {
        boolean generate = !bench.options().generators().isEmpty() && cycle % 2 == 1;
        ServeBench.Adapter file = files.get(cycle % FILES);
        long start = System.nanoTime();
        if (generate ? generate() : load(file.file())) {
            use(generate ? generatedSet() : file.set(), cycle, start);
            unload();
        }
    }

    private boolean load(Path file) {
        Map<String, Object> json =
                Map.of("lora_name", NAME, "lora_path", file.getFileName().toString());
        return post("/v1/load_lora_adapter", json).isPresent();
    }

    /** The same prompts and seed give the same adapter every time. */
    private boolean generate() {
        boolean done = post("/v1/adapters/generate", Map.of("name", NAME, "prompts", PROMPTS, "seed", 1))
                .isPresent();
        generated += done ? 1 : 0;
        return done;
    }

    /** The generated adapter in the bare loop: exported by the server while it has it. */
    private AdapterSet generatedSet() {
        if (generatedSet.isEmpty()) {
            LoopbackHttp.Reply reply =
                    LoopbackHttp.call(bench.port(), "GET", "/v1/adapters/" + NAME + "?format=gguf", "");
            Path file = bench.folder().resolve("generated.gguf");
            try {
                Files.write(file, reply.body());
            } catch (IOException e) {
                throw new EnvironmentException("no temporary file for the generated adapter can be written: " + e, e);
            }
            generatedSet = Optional.of(AdapterSet.of(bench.bare().load(file)));
        }
        return generatedSet.get();
    }

    private void use(AdapterSet set, int cycle, long start) {
        String question = questions.get(cycle % questions.size());
        StreamedChat answer = StreamedChat.ask(bench.port(), NAME, question, TOKENS);
        uses.add(new Use(set, question, answer));
        millis.add((answer.first() - start) / 1e6);
    }

    private void unload() {
        post("/v1/unload_lora_adapter", Map.of("lora_name", NAME))
                .filter(reply -> !JsonMapper.shared()
                        .readTree(reply.body())
                        .path("freed")
                        .asBoolean(false))
                .ifPresent(
                        reply -> problems.add("the memory of an unloaded adapter was not given back: " + reply.text()));
    }

    private Optional<LoopbackHttp.Reply> post(String path, Map<String, ?> json) {
        LoopbackHttp.Reply reply = LoopbackHttp.call(bench.port(), "POST", path, JsonWriter.compact(json));
        if (reply.status() != 200) {
            problems.add(path + ": status " + reply.status() + ", " + reply.text());
            return Optional.empty();
        }
        return Optional.of(reply);
    }

    int count() {
        return bench.options().cycles();
    }

    int generated() {
        return generated;
    }

    List<Use> uses() {
        return uses;
    }

    List<String> problems() {
        return problems;
    }

    /** From the request that brings an adapter to its first token, cycle by cycle. */
    List<Double> millis() {
        return millis;
    }
}
