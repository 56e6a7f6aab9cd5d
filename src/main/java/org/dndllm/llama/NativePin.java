package org.dndllm.llama;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * The one llama.cpp build that the bindings were generated for, as pinned in {@code native/llama.properties}.
 *
 * @param llamaVersion what {@code llama_version()} starts with, {@code 0.5.0}
 * @param commit abbreviated commit of llama.cpp, {@code LLAMA_COMMIT}
 * @param ggmlVersion what {@code ggml_version()} returns
 * @param npmVersion version of the packages with the prebuilt libraries
 */
public record NativePin(String llamaVersion, String commit, String ggmlVersion, String npmVersion) {
    private static final String RESOURCE = "llama.properties";

    /** Reads the pin that was built into the program. */
    public static NativePin load() {
        Properties pin = new Properties();
        try (InputStream in = NativePin.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IllegalStateException("The resource org/dndllm/llama/" + RESOURCE
                        + " is missing from this build; the build copies it from native/llama.properties");
            }
            pin.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new NativePin(
                required(pin, "llama.version"),
                required(pin, "llama.commit"),
                required(pin, "ggml.version"),
                required(pin, "npm.version"));
    }

    /** Name of the cache folder that {@code native/install} fills for this build, {@code llama.cpp-v0.5.0-npm3.22.1-linux-x64}. */
    String folderName(String platform, String variant) {
        String base = "llama.cpp-v" + llamaVersion + "-npm" + npmVersion + "-" + platform;
        return variant.equals(NativeLibrary.CPU) ? base : base + "-" + variant;
    }

    private static String required(Properties pin, String key) {
        String value = pin.getProperty(key);
        if (value == null) {
            throw new IllegalStateException("native/llama.properties has no " + key);
        }
        return value;
    }
}
