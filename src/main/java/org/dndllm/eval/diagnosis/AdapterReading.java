package org.dndllm.eval.diagnosis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.diagnosis.AdapterHealth.Finding;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.JsonValue;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.ModuleName;
import org.dndllm.lora.PeftAdapter;

/**
 * An adapter file as far as it can be read for a base model. Readers refuse a broken file with the first problem they meet;
 * here that problem gets its name.
 *
 * @param weights empty when a finding stands in the way
 */
record AdapterReading(Optional<LoraWeights> weights, List<Finding> findings) {
    private static final String PROVENANCE = "dnd.json";

    /**
     * Reads a PEFT folder, or a GGUF file.
     *
     * @param baseSha256 of the base model's file, where it is known; {@code dnd.json} beside the adapter may name another
     * @throws InvalidInputException if there is nothing at that path
     */
    static AdapterReading of(Path path, BaseShape shape, Optional<String> baseSha256) {
        boolean folder = Files.isDirectory(path);
        if (!folder && !Files.isRegularFile(path)) {
            throw new InvalidInputException(
                    path.toString(), "file", "does not exist; name a PEFT folder or an adapter .gguf");
        }
        try {
            Optional<Finding> obstacle = folder ? peftObstacle(path) : ggufObstacle(path, shape);
            if (obstacle.isPresent()) {
                return broken(obstacle.get());
            }
            LoraWeights weights = folder ? PeftAdapter.read(path, shape) : gguf(path, shape);
            return new AdapterReading(
                    Optional.of(weights),
                    baseSha256.flatMap(base -> otherFile(path, base)).stream().toList());
        } catch (InvalidInputException e) {
            // a PEFT folder that passes every check that needs no base model can only be for another one
            Fault fault = folder && isSound(path) ? Fault.OTHER_BASE : Fault.UNREADABLE;
            return broken(new Finding(fault, String.valueOf(e.getMessage())));
        }
    }

    private static AdapterReading broken(Finding finding) {
        return new AdapterReading(Optional.empty(), List.of(finding));
    }

    private static LoraWeights gguf(Path path, BaseShape shape) {
        try (GgufFile file = GgufFile.open(path)) {
            return GgufAdapter.read(file, shape);
        }
    }

    private static boolean isSound(Path folder) {
        try {
            PeftAdapter.check(folder);
            return true;
        } catch (InvalidInputException e) {
            return false;
        }
    }

    private static Optional<Finding> peftObstacle(Path folder) {
        Path file = folder.resolve(PeftAdapter.WEIGHTS_FILE);
        if (!Files.isRegularFile(file)) {
            return Optional.empty(); // the reader says what is missing
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            return tensors.names().stream()
                    .flatMap(name -> notFinite(name, tensors.tensor(name).toFloats()).stream())
                    .findFirst();
        }
    }

    private static Optional<Finding> ggufObstacle(Path path, BaseShape shape) {
        try (GgufFile file = GgufFile.open(path)) {
            String architecture = file.string("general.architecture");
            if (!architecture.equals(shape.architecture())) {
                return Optional.of(new Finding(
                        Fault.OTHER_BASE,
                        "is for a base model of architecture " + architecture + ", this one is "
                                + shape.architecture()));
            }
            return file.tensors().stream()
                    .flatMap(tensor ->
                            misfit(tensor, shape).or(() -> notFinite(tensor.name(), tensor.toFloats())).stream())
                    .findFirst();
        }
    }

    private static Optional<Finding> notFinite(String tensor, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                return Optional.of(new Finding(
                        Fault.NON_FINITE,
                        "value " + i + " of " + tensor + " is " + values[i] + "; every answer would be noise"));
            }
        }
        return Optional.empty();
    }

    /** A pair of another layer or width than the base model has; tensors that are no pair are left to the reader. */
    private static Optional<Finding> misfit(GgufTensor tensor, BaseShape shape) {
        boolean a = tensor.name().endsWith(".lora_a");
        Optional<ModuleName> name = ModuleName.parse(tensor.name().replaceFirst("\\.lora_[ab]$", ""));
        if (name.isEmpty() || tensor.dims().size() != 2) {
            return Optional.empty();
        }
        long found = tensor.dims().get(a ? 0 : 1);
        int expected = a ? shape.in(name.get().module()) : shape.out(name.get().module());
        if (name.get().layer() < shape.layers() && found == expected) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Fault.OTHER_BASE,
                tensor.name() + " has " + found + " features; this base model has " + shape.layers() + " layers with "
                        + expected + " there"));
    }

    /** Provenance lies in the PEFT folder, or beside {@code adapter.gguf} in one. */
    private static Optional<Finding> otherFile(Path path, String baseSha256) {
        Path json = Files.isDirectory(path) ? path.resolve(PROVENANCE) : path.resolveSibling(PROVENANCE);
        if (!Files.isRegularFile(json)) {
            return Optional.empty();
        }
        String source = json.toString();
        JsonValue.Obj root = JsonValue.parse(bytes(json), source).asObject(source);
        if (!root.has("base") || !root.object("base").has("sha256")) {
            return Optional.empty();
        }
        String made = root.object("base").string("sha256");
        return made.equals(baseSha256)
                ? Optional.empty()
                : Optional.of(new Finding(
                        Fault.OTHER_BASE,
                        "was made for a base model of the same shape but other weights (sha256 " + start(made)
                                + "..., this one is " + start(baseSha256) + "...)"));
    }

    private static String start(String hash) {
        return hash.substring(0, Math.min(12, hash.length()));
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
