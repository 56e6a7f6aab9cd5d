package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.InvalidInputException;
import picocli.CommandLine.Option;

/** Where an encoder goes. */
final class ExtractorTarget {
    @Option(names = "--save-to", paramLabel = "DIR", required = true, description = "Folder for the encoder.")
    private Path folder = Path.of("");

    @Option(names = "--replace", description = "Replace the encoder if it exists.")
    private boolean replace;

    /** The folder, if it is free or may be replaced. */
    Path folder() {
        if (Files.exists(folder) && !replace) {
            throw new InvalidInputException(
                    folder.toString(), "output", "exists already; choose another name or say --replace");
        }
        return folder;
    }

    boolean replace() {
        return replace;
    }
}
