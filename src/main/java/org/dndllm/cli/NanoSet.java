package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.eval.TaskFolder;

/** Where the embedded nano models are: {@code onnx/nano} of the installation that the launcher started. */
record NanoSet(Path folder) {

    static NanoSet embedded() {
        NanoSet set = new NanoSet(home().resolve("onnx").resolve("nano"));
        if (!Files.isRegularFile(set.base())) {
            throw new EnvironmentException(
                    "the nano set is not in " + set.folder().toAbsolutePath().normalize()
                            + "; start dnd with scripts/dnd, or make the set with scripts/build-nano");
        }
        return set;
    }

    /** The installation that the launcher started; relative where the current folder holds it, as people read paths. */
    static Path home() {
        Path home = Path.of(System.getProperty("dnd.home", "")).toAbsolutePath().normalize();
        Path here = Path.of("").toAbsolutePath();
        return home.startsWith(here) ? here.relativize(home) : home;
    }

    Path base() {
        return folder.resolve("base.gguf");
    }

    /** The trained generator with its sentence encoder. */
    Path bundle() {
        return folder.resolve("compact");
    }

    /** {@link #bundle()}, and where it is shipped the one of the paper's family. */
    List<Path> bundles() {
        return Stream.of(bundle(), folder.resolve("paper"))
                .filter(bundle -> bundle.equals(bundle()) || Files.isDirectory(bundle))
                .toList();
    }

    /** Task data, with the role of every task. */
    Path tasks() {
        return folder.resolve("tasks");
    }

    /** LoRAs trained by gradient descent, one per task, and {@code multitask}; absent in a set without them. */
    Optional<Path> adapters() {
        return Optional.of(folder.resolve("adapters")).filter(Files::isDirectory);
    }

    TaskFolder taskFolder() {
        return TaskFolder.open(tasks());
    }
}
