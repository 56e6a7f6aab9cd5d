package org.dndllm.eval;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonWriter;

/** Writes task folders for tests. */
public final class TaskFiles {
    private TaskFiles() {}

    /** A split of {@code count} items; prompts and answers are told apart by {@code first}. */
    public static void write(Path folder, String task, String split, int first, int count) {
        List<String> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(item("say " + task + " number " + (first + i), "word" + (first + i) % 3));
        }
        text(folder.resolve(task + "_" + split + ".json"), "[" + String.join(",\n", items) + "]");
    }

    /** Train and test of a small task. */
    public static void task(Path folder, String task) {
        write(folder, task, "train", 0, 24);
        write(folder, task, "test", 100, 9);
    }

    /** {@code world.json}: pairs of task name and role. */
    public static void world(Path folder, String... namesAndRoles) {
        List<Map<String, Object>> tasks = new ArrayList<>();
        for (int i = 0; i < namesAndRoles.length; i += 2) {
            Map<String, Object> task = new LinkedHashMap<>();
            task.put("name", namesAndRoles[i]);
            task.put("role", namesAndRoles[i + 1]);
            tasks.add(task);
        }
        text(folder.resolve("world.json"), JsonWriter.write(Map.of("seed", 1, "tasks", tasks)));
    }

    static String item(String prompt, String response) {
        return JsonWriter.compact(Map.of("prompt", prompt, "response", response, "system", ""));
    }

    static void text(Path file, String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
