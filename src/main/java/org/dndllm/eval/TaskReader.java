package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** Reads the files of one task and checks what would make its scores worthless. */
final class TaskReader {
    private final List<String> warnings = new ArrayList<>();
    private final Map<String, String> seen = new HashMap<>(); // prompt to the file that has it

    private TaskReader() {}

    static TaskData read(Path folder, String name, Optional<TaskRole> role) {
        TaskReader reader = new TaskReader();
        List<TaskItem> train = reader.split(folder.resolve(name + TaskFolder.TRAIN), false);
        List<TaskItem> validation = reader.split(folder.resolve(name + TaskFolder.VALIDATION), false);
        List<TaskItem> test = reader.split(folder.resolve(name + TaskFolder.TEST), true);
        return new TaskData(name, role, folder.resolve(name).toString(), train, validation, test, reader.warnings);
    }

    /** The items of one file, every one of them with an answer. */
    static List<TaskItem> labelled(Path file) {
        List<TaskItem> items = new TaskReader().split(file, true);
        if (items.isEmpty()) {
            throw new InvalidInputException(
                    file.toString(), "file", "is absent or has no item; name a file of labelled items");
        }
        return items;
    }

    /** Items of a file; none when it is absent. */
    private List<TaskItem> split(Path file, boolean scored) {
        if (!Files.exists(file)) {
            return List.of();
        }
        String source = file.toString();
        List<JsonValue.Obj> objects =
                JsonValue.parse(bytes(file), source).asArray(source).objects();
        List<TaskItem> items = new ArrayList<>(objects.size());
        Set<String> own = new HashSet<>();
        int repeated = 0;
        int unanswered = 0;
        for (JsonValue.Obj object : objects) {
            String place = "item " + (items.size() + 1);
            TaskItem item = item(object, source, place);
            if (item.response().isBlank()) {
                if (scored) {
                    throw new InvalidInputException(
                            source, place, "has an empty response; an item that is scored needs an answer");
                }
                unanswered++;
            }
            if (!own.add(item.prompt())) {
                repeated++;
            }
            requireNew(item, source, place);
            items.add(item);
        }
        own.forEach(prompt -> seen.putIfAbsent(prompt, source));
        warn(source, repeated, "prompts that occurred in the file before");
        warn(source, unanswered, "items with an empty response");
        return items;
    }

    private void requireNew(TaskItem item, String source, String place) {
        String other = seen.get(item.prompt());
        if (other != null) {
            throw new InvalidInputException(
                    source,
                    place,
                    "has a prompt that is in " + other
                            + " too; splits must not share prompts. Remove it from one of them");
        }
    }

    private void warn(String source, int count, String what) {
        if (count > 0) {
            warnings.add(source + " has " + count + " " + what);
        }
    }

    private static TaskItem item(JsonValue.Obj object, String source, String place) {
        String prompt = object.string("prompt");
        if (prompt.isBlank()) {
            throw new InvalidInputException(source, place, "has a blank prompt; remove it");
        }
        String system = object.has("system") ? object.string("system") : "";
        return new TaskItem(prompt, object.string("response"), system);
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
