package org.dndllm.onnx;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.dndllm.EnvironmentException;

/**
 * Where large models lie as this machine runs them, written once and mapped ever after: laid out for its processor, or
 * joined into one for its GPU.
 *
 * @param folder one folder in it for each model, version of ONNX Runtime and kind of processor; may be absent
 * @param listener hears of a layout that is being written
 */
public record LayoutCache(Path folder, Listener listener) {
    /** Told how far a layout has come. Called on the opening thread. */
    @FunctionalInterface
    public interface Listener {
        /** Listens to nothing. */
        Listener NONE = (target, done, total) -> {};

        /**
         * @param target the folder that will hold it
         * @param done bytes written so far
         * @param total bytes; {@code done == total} is the end
         */
        void advanced(Path target, long done, long total);
    }

    /**
     * Refuses a layout that the disk has no room for, before anything is written.
     *
     * @throws EnvironmentException also when the folder cannot be made
     */
    public void requireRoom(long bytes) {
        try {
            FileStore store = Files.getFileStore(Files.createDirectories(folder));
            if (store.getUsableSpace() < bytes) {
                throw new EnvironmentException(String.format(
                        Locale.ROOT,
                        "%s: the generator laid out for this machine takes %.1f GB, and %.1f GB are free; make room, or"
                                + " do without the layout cache, which is slower",
                        folder,
                        bytes / 1e9,
                        store.getUsableSpace() / 1e9));
            }
        } catch (IOException e) {
            throw new EnvironmentException(
                    folder + ": cannot be written (" + e + "); set XDG_CACHE_HOME to a folder that can, or do"
                            + " without the layout cache, which is slower",
                    e);
        }
    }
}
