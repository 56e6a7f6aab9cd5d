package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;

/** Where the embedded nano models are: {@code onnx/nano} of the installation that the launcher started. */
record NanoSet(Path folder) {
    private static final String TRAIN = "_train.json";

    static NanoSet embedded() {
        Path home = Path.of(System.getProperty("dnd.home", "."));
        NanoSet set = new NanoSet(home.resolve("onnx").resolve("nano"));
        if (!Files.isRegularFile(set.base())) {
            throw new EnvironmentException(
                    "the nano set is not in " + set.folder().toAbsolutePath().normalize()
                            + "; start dnd with scripts/dnd, or make the set with scripts/build-nano");
        }
        return set;
    }

    Path base() {
        return folder.resolve("base.gguf");
    }

    Path bundle() {
        return folder.resolve("paper");
    }

    Path tasks() {
        return folder.resolve("tasks");
    }

    /** Names of the embedded tasks, sorted. */
    List<String> taskNames() {
        try (Stream<Path> files = Files.list(tasks())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(TRAIN))
                    .map(name -> name.substring(0, name.length() - TRAIN.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new EnvironmentException("the nano set's tasks cannot be listed in " + tasks(), e);
        }
    }

    Path trainPrompts(String task) {
        return tasks().resolve(task + TRAIN);
    }
}
