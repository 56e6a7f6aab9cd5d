package org.dndllm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;

/** What may be replaced: a mistyped target must not cost a home folder. */
final class ReplaceableFolder {
    private ReplaceableFolder() {}

    /**
     * Refuses an existing folder that is neither empty nor of the kind that is about to be written.
     *
     * @param folder about to be replaced; may be absent
     * @param marker a file that every folder of the kind holds
     * @param isNot how the message says that it is something else
     */
    static void require(Path folder, String marker, String isNot) {
        if (!Files.isDirectory(folder) || Files.isRegularFile(folder.resolve(marker))) {
            return;
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new InvalidInputException(
                        folder.toString(),
                        "folder",
                        isNot + " (no " + marker + " in it) and is not replaced; choose another folder");
            }
        } catch (IOException e) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "cannot be listed (" + e.getMessage() + ")", e);
        }
    }
}
