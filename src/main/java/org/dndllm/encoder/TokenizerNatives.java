package org.dndllm.encoder;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.jspecify.annotations.Nullable;

/**
 * The native tokenizer library of DJL, loaded without any network.
 *
 * <p>Why this class exists: on Linux with a CUDA device DJL prefers a CUDA flavour of the same library and fetches it at
 * load time. {@code RUST_FLAVOR=cpu} keeps it at the copy inside its jar, {@code ai.djl.offline} is the second lock. The
 * environment variable beats the system property, so another value in the environment is refused instead of obeyed. DJL's
 * own {@code HuggingFaceTokenizer} is not used because its constructors report usage to a telemetry address.
 */
final class TokenizerNatives {
    private static @Nullable TokenizersLibrary loaded;

    private TokenizerNatives() {}

    /** Loads on first use, once per process. */
    static synchronized TokenizersLibrary library() {
        TokenizersLibrary library = loaded;
        if (library == null) {
            refuseOtherFlavour(System.getenv());
            library = load();
            loaded = library;
        }
        return library;
    }

    static void refuseOtherFlavour(Map<String, String> environment) {
        String flavour = environment.getOrDefault("RUST_FLAVOR", "");
        if (!flavour.isEmpty() && !flavour.equals("cpu")) {
            throw new EnvironmentException("The environment variable RUST_FLAVOR is '" + flavour
                    + "', which makes the tokenizer library download another native build. Unset it, or set it to cpu.");
        }
    }

    private static TokenizersLibrary load() {
        // Both must be set before LibUtils is initialised: its static initialiser picks the flavour.
        System.setProperty("RUST_FLAVOR", "cpu");
        System.setProperty("ai.djl.offline", "true");
        try {
            LibUtils.checkStatus();
            return TokenizersLibrary.LIB;
        } catch (RuntimeException | LinkageError e) {
            throw new EnvironmentException(
                    "The native tokenizer library did not load on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + " (" + e.getMessage()
                            + "). It exists for Linux x86_64 and aarch64, macOS aarch64 and Windows x86_64, and needs a"
                            + " writable cache folder: point DJL_CACHE_DIR at one.",
                    e);
        }
    }
}
