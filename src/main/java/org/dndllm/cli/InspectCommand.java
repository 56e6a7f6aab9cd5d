package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd inspect}: what is in a file, or how distinguishable prompt files are. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        header =
                "Say what a file holds: GGUF, safetensors, .pt/.pth, PEFT or adapter folder, generator bundle, prompts.",
        description = {
            "Files are checked as strictly as everywhere else: what inspect accepts, the other commands accept."
                    + " Several prompt files are compared: how alike are the tasks' conditions, and would a generator"
                    + " be able to tell them apart?",
        },
        footer = {
            "",
            "Examples:",
            "  dnd inspect model.gguf",
            "  dnd inspect my-adapter --tensors",
            "  dnd inspect task-a.json task-b.json task-c.json",
        })
final class InspectCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "File or folder.")
    private List<Path> files = List.of();

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Override
    public Integer call() {
        Map<String, Object> json = new LinkedHashMap<>();
        if (files.stream().allMatch(InspectCommand::isPrompts)) {
            json.putAll(PromptInspection.of(files, engine, output));
        } else {
            for (Path file : files) {
                json.put(file.toString(), inspect(file));
            }
        }
        output.result(json);
        return 0;
    }

    private Map<String, Object> inspect(Path file) {
        FileInspection inspection = new FileInspection(output, tensors);
        if (Files.isDirectory(file)) {
            if (Files.isRegularFile(file.resolve("bundle.json"))) {
                return inspection.bundle(file);
            }
            if (Files.isRegularFile(file.resolve("adapter_config.json"))) {
                return inspection.peft(file);
            }
            throw new InvalidInputException(
                    file.toString(),
                    "folder",
                    "has neither bundle.json nor adapter_config.json; name a file inside it");
        }
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(file.toString(), "file", "does not exist; check the path");
        }
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".gguf")) {
            return inspection.gguf(file);
        }
        if (name.endsWith(".safetensors")) {
            return inspection.safetensors(file);
        }
        if (name.endsWith(".pt") || name.endsWith(".pth") || name.endsWith(".bin")) {
            return inspection.torch(file);
        }
        throw new InvalidInputException(
                file.toString(), "name", "ends in none of .gguf, .safetensors, .pt, .pth, .bin; rename it");
    }

    private static boolean isPrompts(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return Files.isRegularFile(file)
                && List.of(".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt").stream()
                        .anyMatch(name::endsWith);
    }
}
