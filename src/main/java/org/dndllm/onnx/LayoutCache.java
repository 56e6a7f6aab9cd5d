package org.dndllm.onnx;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.dndllm.EnvironmentException;
import org.dndllm.format.AtomicFile;

/**
 * Where large models lie as this machine runs them, written once and mapped ever after: laid out for its processor,
 * joined into one for its GPU, or in another precision.
 *
 * @param folder one folder in it for each model, version of ONNX Runtime and kind of processor; may be absent
 * @param listener hears of a layout that is being written
 */
public record LayoutCache(Path folder, Listener listener) {
    private static final String MODEL = "generator.onnx";

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
     * The model of a name, which is written when it is not there: whole or not at all, its constants streaming.
     *
     * @param name says all that the graph depends on
     * @param builder makes the graph; what it is given is to be told of the bytes of constants as they stream
     * @throws EnvironmentException when the cache has no room or cannot be written
     */
    public Path model(String name, Function<LongConsumer, OnnxGraph> builder) {
        Path target = folder.resolve(name);
        Path model = target.resolve(MODEL);
        if (!Files.isRegularFile(model)) {
            write(target, builder);
        }
        return model;
    }

    private void write(Path target, Function<LongConsumer, OnnxGraph> builder) {
        long[] written = {0, 0};
        OnnxGraph graph = builder.apply(bytes -> {
            written[0] += bytes;
            listener.advanced(target, Math.min(written[0], written[1]), written[1]);
        });
        written[1] = graph.initializerBytes();
        requireRoom(written[1]);
        AtomicFile.writeFolder(target, made -> graph.write(made.resolve(MODEL), ExternalData.ALWAYS), true);
        listener.advanced(target, written[1], written[1]);
    }

    /**
     * Refuses a layout that the disk has no room for, before anything is written.
     *
     * @throws EnvironmentException also when the folder cannot be made
     */
    void requireRoom(long bytes) {
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
