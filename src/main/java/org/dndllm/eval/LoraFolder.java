package org.dndllm.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;

/**
 * Trained LoRAs to compare with: a folder with one PEFT folder per task, named like the task, and {@code multitask}. Any
 * of them may be absent.
 */
public final class LoraFolder {
    private static final String MULTITASK = "multitask";

    private final Path folder;

    private LoraFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Opens a folder; adapters are read when they are needed.
     *
     * @throws InvalidInputException if it is not a folder
     */
    public static LoraFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "is not a folder; name the one that holds <task>/adapter_config.json");
        }
        return new LoraFolder(folder);
    }

    boolean has(String task) {
        return Files.isDirectory(folder.resolve(task));
    }

    /** The LoRA of a task, where there is one; malformed ones are errors. */
    Optional<LoraWeights> read(String task, BaseShape shape) {
        return has(task) ? Optional.of(PeftAdapter.read(folder.resolve(task), shape)) : Optional.empty();
    }

    /** The LoRA trained on all training tasks, where there is one. */
    Optional<LoraWeights> multitask(BaseShape shape) {
        return read(MULTITASK, shape);
    }

    /** Wall seconds of training, the member {@code train_seconds} of the adapter's {@code dnd.json}, where it is there. */
    OptionalDouble trainSeconds(String task) {
        Path file = folder.resolve(task).resolve("dnd.json");
        if (!Files.isRegularFile(file)) {
            return OptionalDouble.empty();
        }
        JsonValue.Obj json =
                JsonValue.parse(TaskReader.bytes(file), file.toString()).asObject(file.toString());
        return json.has("train_seconds") ? OptionalDouble.of(json.number("train_seconds")) : OptionalDouble.empty();
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
