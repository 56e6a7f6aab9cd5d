package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.onnx.OnnxRuntimeInfo;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A report of {@code dnd bench chain}, as it is printed with {@code --json} and read back for comparisons.
 *
 * @param json the whole report
 */
record ChainReport(JsonNode json) {
    private static final String KIND = "chain";
    private static final String SYNTHETIC = "synthetic random weights: numbers of speed and memory alone";

    private static final List<String> CONDITIONS = List.of(
            "/machine/cpu",
            "/machine/processors",
            "/machine/jdk",
            "/machine/llama.cpp",
            "/onnxruntime",
            "/version",
            "/base/sha256",
            "/bundle/sha256",
            "/prompts/sha256",
            "/prompt_tokens",
            "/tokens",
            "/threads",
            "/adapter_type",
            "/precision");

    static ChainReport of(Map<String, Object> json) {
        return new ChainReport(JsonMapper.shared().valueToTree(json));
    }

    /** @throws InvalidInputException when the file is no such report */
    static ChainReport read(Path file) {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            if (!json.path("benchmark").asString("").equals(KIND)
                    || !json.path("sides").isArray()) {
                throw new InvalidInputException(
                        file.toString(),
                        "benchmark",
                        "is not '" + KIND + "'; name a file written by dnd bench chain --save");
            }
            return new ChainReport(json);
        } catch (JacksonException e) {
            throw new InvalidInputException(
                    file.toString(),
                    "file",
                    "is no JSON (" + e.getOriginalMessage() + "); name a file written by dnd bench chain --save",
                    e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + "); check the path", e);
        }
    }

    /**
     * What a report begins with: what was measured, on what, and how.
     *
     * @param synthetic whether a model holds random weights
     */
    static Map<String, Object> head(ChainPlan plan, EngineOptions options, boolean synthetic) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("benchmark", KIND);
        json.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        json.put("version", new Version().getVersion()[0]);
        json.put("machine", Machine.facts());
        json.put("onnxruntime", OnnxRuntimeInfo.version());
        json.put("synthetic", synthetic);
        if (synthetic) {
            json.put("note", SYNTHETIC);
        }
        json.put("base", Map.of("path", plan.base().toString(), "sha256", plan.baseSha256()));
        json.put("bundle", bundle(plan.bundle()));
        json.put(
                "prompts",
                Map.of(
                        "source",
                        plan.prompts().source(),
                        "count",
                        plan.prompts().size(),
                        "sha256",
                        plan.prompts().sha256()));
        json.put("seeds", Map.of("warm_up", 0, "first", 1, "last", plan.rounds()));
        json.put("rounds", plan.rounds());
        json.put("pairs", plan.pairs());
        json.put("prompt_tokens", plan.promptTokens());
        json.put("tokens", plan.tokens());
        json.put("threads", options.session().threads());
        json.put("adapter_type", options.adapterType().name());
        json.put("precision", options.session().precision().label());
        options.session().gpuMemory().ifPresent(bytes -> json.put("gpu_memory_limit_bytes", bytes));
        return json;
    }

    private static Map<String, Object> bundle(Path folder) {
        BundleManifest manifest = GeneratorBundle.manifest(folder);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("path", folder.toString());
        json.put("sha256", GeneratorBundle.identity(folder));
        json.put("name", manifest.name());
        json.put("family", manifest.generator().family());
        json.put("parameters", manifest.generator().parameters());
        json.put("trained", manifest.training().trained());
        return json;
    }

    /** Prints the table and what belongs to it. */
    void print(Output output) {
        if (json.path("synthetic").asBoolean()) {
            output.line("%s", SYNTHETIC.toUpperCase(Locale.ROOT));
        }
        output.line(
                "base       %s (%s)",
                text("/base/path"), sides().getFirst().path("base").asString());
        output.line(
                "generator  %s, %s, %,d parameters",
                text("/bundle/path"),
                text("/bundle/family"),
                json.at("/bundle/parameters").asLong());
        output.line(
                "machine    %s, threads per engine: %s; medians of %s rounds and %s pairs, %s prompt tokens, %s generated",
                text("/machine/cpu"),
                text("/threads"),
                text("/rounds"),
                text("/pairs"),
                text("/prompt_tokens"),
                text("/tokens"));
        output.line("");
        ChainTable.of(names(), sides()).lines().forEach(line -> output.line("%s", line));
        for (JsonNode side : sides()) {
            if (side.path("adapter_effect_on_logits").asDouble() == 0) {
                output.note(
                        "warning: %s: the adapter changes no logit, so the pairs time nothing but themselves",
                        side.path("name").asString());
            }
        }
    }

    private String text(String pointer) {
        return text(json.at(pointer));
    }

    List<JsonNode> sides() {
        List<JsonNode> sides = new ArrayList<>();
        json.path("sides").forEach(sides::add);
        return sides;
    }

    List<String> names() {
        return sides().stream().map(side -> side.path("name").asString("?")).toList();
    }

    Optional<JsonNode> side(String name) {
        return sides().stream()
                .filter(side -> side.path("name").asString("?").equals(name))
                .findFirst();
    }

    /** In what the circumstances of two reports differ: a ratio of their times is then not one of the program. */
    List<String> differences(ChainReport other) {
        List<String> found = new ArrayList<>();
        for (String pointer : CONDITIONS) {
            JsonNode mine = json.at(pointer);
            JsonNode theirs = other.json.at(pointer);
            if (!mine.equals(theirs)) {
                found.add(pointer.substring(1) + ": " + text(mine) + " / " + text(theirs));
            }
        }
        return found;
    }

    private static String text(JsonNode node) {
        return node.isMissingNode() ? "-" : node.asString();
    }

    /**
     * Prints this report and a later one side by side.
     *
     * @param source where this one is from, for errors
     * @return the same for {@code --json}
     * @throws InvalidInputException when no side of one is a side of the other
     */
    Map<String, Object> compare(Path source, ChainReport later, Output output) {
        List<String> common = names().stream().filter(later.names()::contains).toList();
        if (common.isEmpty()) {
            throw new InvalidInputException(
                    source.toString(), "sides", "are " + names() + ", none of which is among " + later.names());
        }
        List<String> differences = differences(later);
        differences.forEach(difference -> output.line("differs    %s", difference));
        Map<String, Object> sides = new LinkedHashMap<>();
        for (String name : common) {
            JsonNode before = side(name).orElseThrow();
            JsonNode after = later.side(name).orElseThrow();
            output.line("");
            output.line("%s", name);
            ChainTable.compare("before", before, "after", after).lines().forEach(line -> output.line("%s", line));
            sides.put(name, ChainTable.comparison(before, after));
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("before", source.toString());
        result.put("differences", differences);
        result.put("sides", sides);
        return result;
    }
}
