package org.dndllm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.PeftAdapter;

/** What counts as an adapter folder, so that replacing one never deletes anything else. */
public final class AdapterFolder {
    private AdapterFolder() {}

    /**
     * Refuses an existing folder that is neither empty nor an adapter: a mistyped target must not cost a home folder.
     *
     * @param folder about to be replaced; may be absent
     * @throws InvalidInputException if it holds something other than an adapter
     */
    public static void requireReplaceable(Path folder) {
        if (!Files.isDirectory(folder) || Files.isRegularFile(folder.resolve(PeftAdapter.CONFIG_FILE))) {
            return;
        }
        try (Stream<Path> content = Files.list(folder)) {
            if (content.findAny().isPresent()) {
                throw new InvalidInputException(
                        folder.toString(),
                        "folder",
                        "is not an adapter (no " + PeftAdapter.CONFIG_FILE
                                + " in it) and is not replaced; choose another folder");
            }
        } catch (IOException e) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "cannot be listed (" + e.getMessage() + ")", e);
        }
    }
}
