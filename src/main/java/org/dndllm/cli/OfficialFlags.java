package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the official PyTorch generator is and how to run it. */
final class OfficialFlags {
    /** What is read of the official code: the model classes and their layers. */
    private static final List<String> SOURCES =
            List.of("workspace/dnd/model/decoderonly.py", "workspace/dnd/module/hyperconv.py");

    @Option(
            names = "--official",
            paramLabel = "DIR",
            description =
                    "Checkout of the official repository (jerryliang24/Drag-and-Drop-LLMs), whose generator then runs"
                            + " in turn with ours. It is yours to get; nothing of it is in dnd.")
    private @Nullable Path folder;

    @Option(
            names = "--python",
            paramLabel = "PATH",
            defaultValue = "python3",
            description = "Interpreter with PyTorch for it. Default: ${DEFAULT-VALUE}.")
    private String python = "python3";

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            defaultValue = "3600",
            description = "Longest wait for one pass of it, or for its start. Default: ${DEFAULT-VALUE}.")
    private int patience;

    /** The checkout, if one was named; it has the files that are needed. */
    Optional<Path> folder() {
        Flags.atLeast("--patience", patience, 1);
        if (folder == null) {
            return Optional.empty();
        }
        for (String source : SOURCES) {
            if (!Files.isRegularFile(folder.resolve(source))) {
                throw Flags.wrong(
                        "--official",
                        "is " + folder + ", which has no " + source
                                + "; expected a checkout of jerryliang24/Drag-and-Drop-LLMs");
            }
        }
        return Optional.of(folder.toAbsolutePath().normalize());
    }

    String python() {
        return python;
    }

    Duration patience() {
        return Duration.ofSeconds(patience);
    }
}
