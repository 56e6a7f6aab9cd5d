package org.dndllm.llama;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.EnvironmentException;
import org.dndllm.bindings.Mtmd;

/**
 * libmtmd, llama.cpp's library for images. Prebuilt packages lack it; {@code native/build --with-mtmd} makes it. It is taken
 * from the folder of the loaded libllama alone, so that both are of one build, and loaded when it is first needed.
 */
final class MtmdLibrary {
    private static boolean loaded;

    private MtmdLibrary() {}

    /** Where it lies beside a libllama, whether it is there or not. */
    static Path beside(NativeLibrary llama) {
        return llama.folder().resolve(System.mapLibraryName("mtmd"));
    }

    /**
     * Loads it, once.
     *
     * @throws EnvironmentException if it is not there, cannot be loaded or is another build
     */
    static synchronized void require() {
        if (loaded) {
            return;
        }
        Path file = requireFile(beside(LlamaLibrary.load().location()));
        try {
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new EnvironmentException(
                    file + " cannot be loaded: " + e.getMessage()
                            + ". It must be of the same build as the libllama beside it; run native/build --with-mtmd.",
                    e);
        }
        SymbolLookup symbols = SymbolLookup.loaderLookup();
        Handshake.requireSymbols(
                Handshake.boundSymbols(Mtmd.class), name -> symbols.find(name).isPresent(), file.toString());
        Mtmd.mtmd_helper_log_set(NativeLog.callback(), MemorySegment.NULL);
        loaded = true;
    }

    static Path requireFile(Path file) {
        if (Files.isRegularFile(file)) {
            return file;
        }
        throw new EnvironmentException("Multimodal is not available in this build of llama.cpp: there is no " + file
                + ". Run native/build --with-mtmd in the project folder and set " + NativeLibrary.VARIANT_VARIABLE
                + "=cpu-built, or " + NativeLibrary.PATH_VARIABLE + " to a folder of your own with that library.");
    }
}
