package org.dndllm.nano;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dndllm.format.JsonWriter;

/** The world's tasks as files: the official data format, and {@code world.json}, which says what each task is. */
final class TaskFiles {
    private TaskFiles() {}

    static void write(NanoWorld world, Path folder) throws IOException {
        for (WorldTask task : world.tasks()) {
            for (Split split : Split.values()) {
                Path file = folder.resolve(task.name() + "_" + split.label() + ".json");
                Files.writeString(file, json(world.items(task, split)));
            }
        }
        Files.writeString(folder.resolve("world.json"), JsonWriter.write(description(world)));
    }

    /** One item a line, so that files stay small and differences readable. */
    private static String json(List<Turn> items) {
        return items.stream()
                .map(item -> {
                    Map<String, String> entry = new LinkedHashMap<>();
                    entry.put("prompt", item.prompt());
                    entry.put("response", item.response());
                    entry.put("system", "");
                    return JsonWriter.compact(entry);
                })
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    private static Map<String, Object> description(NanoWorld world) {
        List<Map<String, String>> tasks = new ArrayList<>();
        for (WorldTask task : world.tasks()) {
            Map<String, String> entry = new LinkedHashMap<>();
            entry.put("name", task.name());
            entry.put("role", task.role().label());
            task.combination().ifPresent(combination -> {
                entry.put("selection", combination.selection().label());
                entry.put("transform", combination.transform().label());
            });
            tasks.add(entry);
        }
        Map<String, Object> description = new LinkedHashMap<>();
        description.put("seed", world.spec().seed());
        description.put("spec", world.spec().json());
        description.put("tasks", tasks);
        return description;
    }
}
