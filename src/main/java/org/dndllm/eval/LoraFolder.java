package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;

/**
 * Trained LoRAs to compare with: a folder with one PEFT folder per task, named like the task, and {@code multitask}. Any
 * of them may be absent. A task's folder may also be what {@code dnd collect} makes, several checkpoints in folders of
 * their own: the last {@code step-N} stands for the task, or the first {@code seed-N}.
 */
public final class LoraFolder {
    private static final String MULTITASK = "multitask";
    private static final String PROVENANCE = "dnd.json";

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

    /** Whether there is a LoRA of that task. */
    public boolean has(String task) {
        return adapter(task).isPresent();
    }

    /** The LoRA of a task, where there is one; malformed ones are errors. */
    public Optional<LoraWeights> read(String task, BaseShape shape) {
        return adapter(task).map(adapter -> PeftAdapter.read(adapter, shape));
    }

    private Optional<Path> adapter(String task) {
        Path own = folder.resolve(task);
        if (!Files.isDirectory(own)) {
            return Optional.empty();
        }
        if (isAdapter(own)) {
            return Optional.of(own);
        }
        List<Path> checkpoints;
        try (Stream<Path> children = Files.list(own)) {
            checkpoints = children.filter(LoraFolder::isAdapter)
                    .sorted(Comparator.comparingLong(LoraFolder::number))
                    .toList();
        } catch (IOException e) {
            throw new InvalidInputException(own.toString(), "folder", "cannot be listed (" + e.getMessage() + ")", e);
        }
        return checkpoints.stream()
                .filter(child -> child.getFileName().toString().startsWith("step-"))
                .reduce((earlier, later) -> later)
                .or(() -> checkpoints.stream().findFirst());
    }

    /** Half an adapter counts as one, so that reading it says what is missing. */
    private static boolean isAdapter(Path folder) {
        return Files.exists(folder.resolve(PeftAdapter.CONFIG_FILE))
                || Files.exists(folder.resolve(PeftAdapter.WEIGHTS_FILE));
    }

    private static long number(Path checkpoint) {
        String digits = checkpoint.getFileName().toString().replaceAll("\\D", "");
        return digits.isEmpty() || digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits);
    }

    /** The LoRA trained on all training tasks, where there is one. */
    Optional<LoraWeights> multitask(BaseShape shape) {
        return read(MULTITASK, shape);
    }

    /** Wall seconds of training, the member {@code train_seconds} of the adapter's {@code dnd.json}, where it is there. */
    OptionalDouble trainSeconds(String task) {
        Optional<Path> adapter = adapter(task);
        if (adapter.isEmpty() || !Files.isRegularFile(adapter.get().resolve(PROVENANCE))) {
            return OptionalDouble.empty();
        }
        Path file = adapter.get().resolve(PROVENANCE);
        JsonValue.Obj json =
                JsonValue.parse(TaskReader.bytes(file), file.toString()).asObject(file.toString());
        return json.has("train_seconds") ? OptionalDouble.of(json.number("train_seconds")) : OptionalDouble.empty();
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
