package org.dndllm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.FileTree;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.train.torch.AdamW;
import org.dndllm.train.torch.Parameters;

/**
 * The checkpoints of one run: a folder each, written under a name of its own and then renamed, older ones removed after
 * that. A process that dies at any moment leaves at least the last whole one.
 *
 * <p>Holds parameters, AdamW's moments, the state and the settings; the best parameters so far where the run validates.
 * No state of a random generator: every draw is a function of the seed and the step.
 */
final class Checkpoints {
    private static final String PREFIX = "step-";
    private static final String DOOMED = ".old-";
    private static final String PARAMETERS = "parameters.safetensors";
    private static final String OPTIMISER = "adamw.safetensors";
    private static final String BEST = "best.safetensors";
    private static final String STATE = "state.json";
    private static final String FORMAT = "dnd-training";
    private static final int VERSION = 1;

    private final Path folder;
    private final Map<String, Object> settings;

    /** @param settings that a run must share with its checkpoints */
    Checkpoints(Path folder, Map<String, Object> settings) {
        this.folder = folder;
        this.settings = settings;
    }

    /** Writes the checkpoint of a state and removes older ones. */
    void write(TrainingState state, Parameters parameters, AdamW optimiser, Optional<BestParameters> best) {
        Path target = folder.resolve(String.format(Locale.ROOT, PREFIX + "%09d", state.step()));
        if (!Files.exists(target)) {
            AtomicFile.writeFolder(
                    target,
                    inside -> {
                        parameters.save(inside.resolve(PARAMETERS), Map.of());
                        optimiser.save(inside.resolve(OPTIMISER));
                        best.ifPresent(kept -> kept.save(inside.resolve(BEST)));
                        AtomicFile.writeString(inside.resolve(STATE), JsonWriter.write(json(state)));
                    },
                    false);
        }
        for (Path other : list()) {
            if (!other.equals(target)) {
                delete(other);
            }
        }
    }

    /**
     * Restores the newest checkpoint.
     *
     * @return the beginning of a run when there is none
     * @throws InvalidInputException when it belongs to a run with other settings or parameters
     */
    TrainingState restore(Parameters parameters, AdamW optimiser, Optional<BestParameters> best) {
        sweep();
        List<Path> checkpoints = list();
        if (checkpoints.isEmpty()) {
            return TrainingState.BEGINNING;
        }
        Path newest = checkpoints.getLast();
        JsonValue.Obj json = read(newest.resolve(STATE));
        requireSettings(newest, json);
        parameters.load(newest.resolve(PARAMETERS));
        optimiser.load(newest.resolve(OPTIMISER));
        Path stored = newest.resolve(BEST);
        if (Files.exists(stored)) {
            best.ifPresent(kept -> kept.load(stored));
        }
        return TrainingState.fromJson(json.object("state"));
    }

    /** The newest checkpoint, for messages. */
    Optional<Path> newest() {
        List<Path> checkpoints = list();
        return checkpoints.isEmpty() ? Optional.empty() : Optional.of(checkpoints.getLast());
    }

    private Map<String, Object> json(TrainingState state) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("version", VERSION);
        json.put("state", state.toJson());
        json.put("settings", settings);
        return json;
    }

    private void requireSettings(Path checkpoint, JsonValue.Obj json) {
        String source = checkpoint.resolve(STATE).toString();
        if (!json.string("format").equals(FORMAT) || json.integer("version") != VERSION) {
            throw new InvalidInputException(source, "format", "is not a checkpoint of this version of dnd");
        }
        // Compared as text: what was written from equal settings reads back to the same text.
        String stored = JsonWriter.compact(Map.of("settings", json.object("settings")));
        String wanted = JsonWriter.compact(Map.of("settings", settings));
        if (!stored.equals(wanted)) {
            throw new InvalidInputException(
                    source,
                    "settings",
                    "belong to another run (" + stored + ", now " + wanted
                            + "); use the same settings, or another folder");
        }
    }

    /** Oldest first; names sort as their steps do. */
    private List<Path> list() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> entry.getFileName().toString().startsWith(PREFIX))
                    .sorted(Comparator.comparing(Path::toString))
                    .toList();
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be listed (" + e + "); check its permissions", e);
        }
    }

    private static JsonValue.Obj read(Path file) {
        try {
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (IOException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "cannot be read (" + e + "); remove this checkpoint", e);
        }
    }

    /** Renamed first, so that a process that dies here leaves nothing that looks like a checkpoint. */
    private void delete(Path checkpoint) {
        try {
            Path doomed = folder.resolve(DOOMED + checkpoint.getFileName());
            Files.move(checkpoint, doomed);
            FileTree.delete(doomed);
        } catch (IOException e) {
            throw new EnvironmentException(checkpoint + ": cannot be removed (" + e + "); check its permissions", e);
        }
    }

    /** Removes what a process left that died while it wrote or removed a checkpoint; nobody else works in this folder. */
    private void sweep() {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.filter(
                            path -> path.getFileName().toString().startsWith("."))
                    .toList()) {
                FileTree.delete(entry);
            }
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be cleaned (" + e + "); check its permissions", e);
        }
    }

    /** Removes all checkpoints, when a run is over and its result is kept elsewhere. */
    void clear() {
        list().forEach(this::delete);
    }
}
