package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.MeasuredResults;
import org.dndllm.eval.BundleRecord;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.JsonValue;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.dndllm.format.TorchArchive;
import org.dndllm.generator.CompactConfig;
import org.dndllm.lora.ModuleName;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.PeftSummary;

/** Opens one file, prints its content for people and returns it for {@code --json}. */
final class FileInspection {
    private static final int VALUE_LENGTH = 100;

    private static final List<String> PEFT_CHECKED =
            List.of("configuration", "tensor names", "pairs", "ranks", "types", "finite values");
    private static final List<String> PEFT_NOT_CHECKED = List.of("layers", "features");

    private final Output output;
    private final boolean listTensors;

    FileInspection(Output output, boolean listTensors) {
        this.output = output;
        this.listTensors = listTensors;
    }

    Map<String, Object> gguf(Path path) {
        try (GgufFile file = GgufFile.open(path)) {
            Map<String, Object> metadata = new LinkedHashMap<>();
            file.metadata().forEach((key, value) -> metadata.put(key, shorten(String.valueOf(value.value()))));
            Map<String, Long> types = new TreeMap<>();
            List<Map<String, Object>> tensors = new ArrayList<>();
            long bytes = 0;
            for (GgufTensor tensor : file.tensors()) {
                types.merge(tensor.type().name(), 1L, Long::sum);
                bytes += tensor.data().byteSize();
                tensors.add(tensor(tensor.name(), tensor.type().name(), tensor.dims()));
            }
            output.line(
                    "%s: GGUF, %d keys, %d tensors %s, %,d bytes of data",
                    path, metadata.size(), file.tensors().size(), types, bytes);
            List<String> parts = file.parts().stream().map(Path::toString).toList();
            if (parts.size() > 1) {
                output.line("  one model in %d parts: %s", parts.size(), String.join(", ", parts));
            }
            metadata.forEach((key, value) -> output.line("  %s = %s", key, value));
            Map<String, Object> json = result("gguf", metadata, types, bytes, tensors);
            json.put("parts", parts);
            return json;
        }
    }

    Map<String, Object> safetensors(Path path) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            List<TensorView> views = file.names().stream().map(file::tensor).toList();
            return views(path, "safetensors", file.metadata(), views);
        }
    }

    Map<String, Object> torch(Path path) {
        try (TorchArchive file = TorchArchive.open(path)) {
            return views(
                    path, "torch archive", Map.of(), List.copyOf(file.tensors().values()));
        }
    }

    Map<String, Object> peft(Path folder) {
        PeftSummary summary = PeftAdapter.summary(folder);
        Path file = folder.resolve(PeftAdapter.CONFIG_FILE);
        JsonValue.Obj config = JsonValue.parse(read(file), file.toString()).asObject(file.toString());
        // PEFT also takes a pattern here, a single string
        List<String> modules = config.require("target_modules") instanceof JsonValue.Str pattern
                ? List.of(pattern.value())
                : config.array("target_modules").strings();
        Map<String, Object> json = safetensors(folder.resolve(PeftAdapter.WEIGHTS_FILE));
        output.line("  %d pairs, target modules %s", summary.pairs(), modules);
        for (PeftSummary.Group group : summary.groups()) {
            output.line("  rank %d, alpha %s: %s", group.rank(), group.alpha(), LoraReport.counted(group.modules()));
        }
        if (summary.groups().size() > 1) {
            output.line("  of several ranks or alphas: dnd lora canonicalize brings them to one");
        }
        output.line("  checked: %s", String.join(", ", PEFT_CHECKED));
        output.line(
                "  not checked, for want of a base model: %s (dnd convert does, with --base)",
                String.join(", ", PEFT_NOT_CHECKED));
        Map<String, Object> all = new LinkedHashMap<>(json);
        all.put("kind", "peft adapter");
        summary.uniform().ifPresent(group -> {
            all.put("rank", group.rank());
            all.put("alpha", group.alpha());
        });
        all.put("groups", summary.groups().stream().map(FileInspection::group).toList());
        all.put("target_modules", modules);
        all.put("pairs", summary.pairs());
        all.put("checked", PEFT_CHECKED);
        all.put("not_checked", PEFT_NOT_CHECKED);
        return all;
    }

    private static Map<String, Object> group(PeftSummary.Group group) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("rank", group.rank());
        json.put("alpha", group.alpha());
        json.put("modules", group.modules().stream().map(ModuleName::path).toList());
        return json;
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    Map<String, Object> bundle(Path folder) {
        GeneratorBundle bundle = GeneratorBundle.open(folder);
        var manifest = bundle.manifest();
        output.line("%s: generator bundle '%s', all hashes verified", folder, manifest.name());
        output.line(
                "  family      %s, kernel %d, %,d parameters",
                manifest.generator().family(),
                manifest.generator().kernel(),
                manifest.generator().parameters());
        if (manifest.generator() instanceof CompactConfig compact) {
            output.line("  reader      %d slots of width %d", compact.slots(), compact.width());
        }
        output.line("  stages      %s", manifest.generator().stages());
        output.line(
                "  tokens      %d of %d x %d, %s",
                manifest.layout().tokens(),
                manifest.layout().rows(),
                manifest.layout().columns(),
                manifest.layout().form().jsonName());
        output.line(
                "  base        %s (%s)",
                manifest.base().name(), manifest.layout().shape());
        output.line(
                "  trained     %s: %s",
                manifest.training().trained() ? "yes" : "no",
                manifest.training().description());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kind", "generator bundle");
        json.put("name", manifest.name());
        json.put("generator", manifest.generator().toJson());
        json.put("layout", manifest.layout().toJson());
        json.put("parameters", manifest.generator().parameters());
        json.put("trained", manifest.training().trained());
        json.put("files", manifest.files());
        manifest.results()
                .ifPresentOrElse(
                        results -> json.put("results", results(results)),
                        () -> output.line("  results     none recorded (dnd eval --record measures and writes them)"));
        return json;
    }

    private Map<String, Object> results(MeasuredResults results) {
        output.line(
                "  results     %s, %d tasks, %,d test items, %d prompt draws each",
                results.date(),
                results.tasks().size(),
                results.items(),
                results.seeds().size());
        output.line("              %s", results.command());
        BundleRecord.table(results).lines().forEach(line -> output.line("  %s", line));
        return results.toJson();
    }

    private Map<String, Object> views(Path path, String kind, Map<String, String> metadata, List<TensorView> views) {
        Map<String, Long> types = new TreeMap<>();
        List<Map<String, Object>> tensors = new ArrayList<>();
        long bytes = 0;
        for (TensorView view : views) {
            types.merge(view.dtype().name(), 1L, Long::sum);
            bytes += view.data().byteSize();
            tensors.add(tensor(view.name(), view.dtype().name(), view.shape()));
        }
        output.line("%s: %s, %d tensors %s, %,d bytes of data", path, kind, views.size(), types, bytes);
        metadata.forEach((key, value) -> output.line("  %s = %s", key, shorten(value)));
        return result(kind, new LinkedHashMap<>(metadata), types, bytes, tensors);
    }

    private Map<String, Object> tensor(String name, String type, List<Long> shape) {
        if (listTensors) {
            output.line("  %-60s %-6s %s", name, type, shape);
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("type", type);
        json.put("shape", shape);
        return json;
    }

    private Map<String, Object> result(
            String kind,
            Map<String, Object> metadata,
            Map<String, Long> types,
            long bytes,
            List<Map<String, Object>> tensors) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("kind", kind);
        json.put("metadata", metadata);
        json.put("types", types);
        json.put("data_bytes", bytes);
        json.put("tensors", tensors);
        return json;
    }

    private static String shorten(String value) {
        String line = value.replace("\n", "\\n");
        return line.length() <= VALUE_LENGTH ? line : line.substring(0, VALUE_LENGTH) + "...";
    }
}
