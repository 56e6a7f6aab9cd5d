package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.EnvironmentException;
import org.dndllm.format.FileTree;

/** A folder that goes with all its files when it is closed. */
final class TemporaryFolder implements AutoCloseable {
    private final Path path;

    private TemporaryFolder(Path path) {
        this.path = path;
    }

    /** @throws EnvironmentException when there is no place for temporary files */
    static TemporaryFolder create(String prefix) {
        try {
            return new TemporaryFolder(Files.createTempDirectory(prefix));
        } catch (IOException e) {
            throw new EnvironmentException(
                    "No temporary folder (" + e + "). Point java.io.tmpdir at a writable one.", e);
        }
    }

    Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            FileTree.delete(path);
        } catch (IOException stays) {
            // The system cleans its temporary files; the command's result is worth more than a word about this.
        }
    }
}
