package org.dndllm.eval.diagnosis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.engine.Nano;
import org.dndllm.eval.TaskFiles;

/** A part of the shipped tasks, so that tests need not embed all of them. */
public final class SmallWorld {
    public static final List<String> TRAIN =
            List.of("first-next", "first-word", "largest-doubled", "last-word", "second-same", "third-upper");
    public static final List<String> HELD_OUT = List.of("first-same");

    private SmallWorld() {}

    /** Copies the tasks' files into a folder and gives the roles. */
    public static void make(Path folder) {
        List<String> roles = new ArrayList<>();
        TRAIN.forEach(task -> roles.addAll(List.of(task, "train")));
        HELD_OUT.forEach(task -> roles.addAll(List.of(task, "held-out")));
        try {
            for (int i = 0; i < roles.size(); i += 2) {
                for (String split : List.of("_train.json", "_test.json")) {
                    String file = roles.get(i) + split;
                    Files.copy(Nano.SET.resolve("tasks").resolve(file), folder.resolve(file));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        TaskFiles.world(folder, roles.toArray(String[]::new));
    }
}
