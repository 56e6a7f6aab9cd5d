package org.dndllm.cli.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.Sha256;

/**
 * What all jobs are made of: a nano set, and where they are at hand the LoRA checkpoints that it was made with.
 *
 * @param set folder with {@code base.gguf}, {@code compact/} (for its encoder), {@code tasks/} and possibly {@code
 *     adapters/}
 * @param checkpoints folder with TASK/seed-N
 */
public record Materials(Path set, Optional<Path> checkpoints) {
    /** @throws InvalidInputException when a part that every job needs is missing */
    public Materials {
        if (!Files.isRegularFile(set.resolve("base.gguf"))) {
            throw missing(set, "base.gguf");
        }
        for (String part : List.of("compact", "tasks")) {
            if (!Files.isDirectory(set.resolve(part))) {
                throw missing(set, part);
            }
        }
        if (checkpoints.isPresent() && !Files.isDirectory(checkpoints.get())) {
            throw new InvalidInputException(
                    checkpoints.get().toString(), "--checkpoints", "is not a folder; name the one with TASK/seed-N");
        }
    }

    private static InvalidInputException missing(Path set, String part) {
        return new InvalidInputException(
                set.toString(), part, "is missing; a nano set has base.gguf, compact, tasks and adapters");
    }

    Path base() {
        return set.resolve("base.gguf");
    }

    Path encoder() {
        return set.resolve("compact");
    }

    Path tasks() {
        return set.resolve("tasks");
    }

    /** Trained LoRAs for the controls. */
    Optional<Path> adapters() {
        return Optional.of(set.resolve("adapters")).filter(Files::isDirectory);
    }

    /** Hash of the encoder alone: a generator may lie beside it. */
    String encoderHash() {
        return hash(encoder(), List.of("encoder.onnx", "encoder.onnx.data", "model.safetensors", "vocab.txt"));
    }

    /** Hash over names and contents of all files of a folder. */
    static String hash(Path folder) {
        return hash(folder, List.of());
    }

    private static String hash(Path folder, List<String> only) {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = folder.relativize(file).toString().replace('\\', '/');
                if (only.isEmpty() || only.contains(name)) {
                    lines.add(name + " " + Sha256.of(file));
                }
            }
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be read (" + e + ")", e);
        }
        return Sha256.of(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
    }
}
