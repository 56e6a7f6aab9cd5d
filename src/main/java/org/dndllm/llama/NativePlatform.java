package org.dndllm.llama;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Operating system and processor, spelled as the packages with the prebuilt libraries spell them.
 *
 * @param name {@code linux-x64}, {@code linux-arm64}, {@code mac-arm64-metal}, {@code mac-x64}, {@code win-x64}...
 */
record NativePlatform(String name) {
    // libllama.v0.5.0.so, libllama.cuda.v0.5.0.so, libllama.so.0.5.0, libllama.0.5.0.dylib, libllama.so, llama.dll
    private static final Pattern LIBRARY = Pattern.compile(
            "(?:lib)?llama(?:\\.(?!so|v?\\d)[a-z]+)?(?:\\.v?(\\d+\\.\\d+\\.\\d+))?\\.(?:so|dylib|dll)(?:\\.(\\d+\\.\\d+\\.\\d+))?");

    /** Platform of a JVM with these values of {@code os.name} and {@code os.arch}. */
    static NativePlatform of(String osName, String osArch) {
        String os = osName.toLowerCase(Locale.ROOT);
        String arch = switch (osArch.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64", "x64" -> "x64";
            case "aarch64", "arm64" -> "arm64";
            default -> osArch.toLowerCase(Locale.ROOT);
        };
        if (os.startsWith("mac")) {
            return new NativePlatform(arch.equals("arm64") ? "mac-arm64-metal" : "mac-" + arch);
        }
        return new NativePlatform(
                (os.startsWith("windows") ? "win-" : os.startsWith("linux") ? "linux-" : os + "-") + arch);
    }

    /** Version in the name of a libllama file: empty when the file is no libllama, an empty string when its name has none. */
    static Optional<String> libraryVersion(String fileName) {
        Matcher matcher = LIBRARY.matcher(fileName);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String version = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        return Optional.of(version == null ? "" : version);
    }

    /** The usual file name of the library here, for messages. */
    String libraryName() {
        return name.startsWith("win-") ? "llama.dll" : name.startsWith("mac-") ? "libllama.dylib" : "libllama.so";
    }
}
