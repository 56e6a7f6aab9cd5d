package org.dndllm.onnx;

import java.nio.file.Path;

/**
 * Where large models lie as this machine's processor reads them, written once and mapped ever after.
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
}
