package org.dndllm.llama;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.format.Sha256;
import org.dndllm.format.UserCache;

/**
 * Where the llama.cpp shared libraries lie on this machine. Locating loads nothing and touches no native code.
 *
 * <p>Order: system property {@value #PATH_PROPERTY}, environment variable {@value #PATH_VARIABLE}, then the cache folder
 * that {@code native/install} fills. A folder that was named explicitly and does not do is an error; the search does not
 * go on silently.
 *
 * @param folder holds libllama and, beside it, libggml and ggml's backend plugins
 * @param file the libllama to load; its dependents resolve from the same folder
 * @param version version of llama.cpp by manifest or file name, {@value #UNKNOWN} where neither tells
 * @param variant {@code cpu}, {@code cuda}, {@code vulkan}, or a build of the user's such as {@code cuda-built};
 *     {@value #UNKNOWN} for an explicit folder without manifest when none was asked for
 * @param origin how the folder was found
 */
public record NativeLibrary(Path folder, Path file, String version, String variant, Origin origin) {
    /** System property with the folder that holds the libraries. */
    public static final String PATH_PROPERTY = "dnd.llama.lib.path";
    /** Environment variable with the folder that holds the libraries. */
    public static final String PATH_VARIABLE = "DND_LLAMA_LIB_PATH";
    /** System property with the variant wanted. */
    public static final String VARIANT_PROPERTY = "dnd.llama.variant";
    /** Environment variable with the variant wanted. */
    public static final String VARIANT_VARIABLE = "DND_LLAMA_VARIANT";
    /** The variant that is used unless another is asked for. */
    public static final String CPU = "cpu";

    static final String UNKNOWN = "unknown";
    private static final String HASH = "sha256.";
    static final String MANIFEST = "dnd-native.properties";
    private static final Pattern VARIANT = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

    /** How the folder was found. */
    public enum Origin {
        PROPERTY("system property " + PATH_PROPERTY),
        ENVIRONMENT("environment variable " + PATH_VARIABLE),
        CACHE("cache of native/install");

        private final String text;

        Origin(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Looks at this process's system properties and environment.
     *
     * @throws EnvironmentException when no usable library is found; the message lists every place tried, why it failed
     *     and the next step
     */
    public static NativeLibrary locate() {
        Map<String, String> properties = new TreeMap<>();
        System.getProperties().forEach((key, value) -> properties.put(key.toString(), value.toString()));
        return locate(NativePin.load(), properties, System.getenv());
    }

    static NativeLibrary locate(NativePin pin, Map<String, String> properties, Map<String, String> environment) {
        NativePlatform platform =
                NativePlatform.of(properties.getOrDefault("os.name", ""), properties.getOrDefault("os.arch", ""));
        Optional<String> wanted =
                setting(properties, VARIANT_PROPERTY).or(() -> setting(environment, VARIANT_VARIABLE));
        List<String> tried = new ArrayList<>();
        Optional<NativeLibrary> found =
                wanted.filter(v -> VARIANT.matcher(v).matches() == false).isPresent()
                        ? Optional.empty()
                        : search(pin, platform, wanted, properties, environment, tried);
        return found.orElseThrow(() -> notFound(pin, platform, wanted, tried));
    }

    /** The ggml backend that must be there after loading: {@code cpu}, {@code cuda}, {@code vulkan}, {@code metal}; empty when unknown. */
    public Optional<String> backend() {
        int dash = variant.indexOf('-');
        return variant.equals(UNKNOWN)
                ? Optional.empty()
                : Optional.of(dash < 0 ? variant : variant.substring(0, dash));
    }

    /**
     * Names of the files beside the library that differ from what {@code native/install} or {@code native/build} wrote, by
     * the hashes in their manifest; empty when all are whole, and for a folder without manifest. Reads every file.
     *
     * @throws EnvironmentException when the folder cannot be read
     */
    public List<String> changedFiles() {
        List<String> changed = new ArrayList<>();
        try {
            Properties manifest = manifest(folder);
            for (String key : new TreeSet<>(manifest.stringPropertyNames())) {
                if (key.startsWith(HASH)) {
                    Path entry = folder.resolve(key.substring(HASH.length()));
                    String hash = Files.isRegularFile(entry) ? Sha256.of(entry) : "";
                    if (hash.equals(manifest.getProperty(key)) == false) {
                        changed.add(key.substring(HASH.length()));
                    }
                }
            }
        } catch (IOException e) {
            throw new EnvironmentException("Cannot read the llama.cpp libraries in " + folder + " (" + e + ")", e);
        }
        return List.copyOf(changed);
    }

    private static Optional<NativeLibrary> search(
            NativePin pin,
            NativePlatform platform,
            Optional<String> wanted,
            Map<String, String> properties,
            Map<String, String> environment,
            List<String> tried) {
        Optional<String> explicit = setting(properties, PATH_PROPERTY);
        if (explicit.isPresent()) {
            return inNamedFolder(pin, platform, explicit.get(), wanted, Origin.PROPERTY, tried);
        }
        tried.add(Origin.PROPERTY + ": not set");
        explicit = setting(environment, PATH_VARIABLE);
        if (explicit.isPresent()) {
            return inNamedFolder(pin, platform, explicit.get(), wanted, Origin.ENVIRONMENT, tried);
        }
        tried.add(Origin.ENVIRONMENT + ": not set");
        Path folder = cacheRoot(properties, environment).resolve(pin.folderName(platform.name(), wanted.orElse(CPU)));
        return inFolder(pin, platform, folder, Optional.of(wanted.orElse(CPU)), Origin.CACHE, tried);
    }

    /** The folder under which {@code native/install} keeps one folder per build. */
    static Path cacheRoot(Map<String, String> properties, Map<String, String> environment) {
        return UserCache.of(environment, properties.getOrDefault("user.home", "."))
                .resolve("native");
    }

    private static Optional<NativeLibrary> inNamedFolder(
            NativePin pin,
            NativePlatform platform,
            String name,
            Optional<String> wanted,
            Origin origin,
            List<String> tried) {
        try {
            return inFolder(pin, platform, Path.of(name), wanted, origin, tried);
        } catch (InvalidPathException e) {
            tried.add(origin + ": \"" + name + "\" is not a path (" + e.getReason() + ")");
            return Optional.empty();
        }
    }

    private static Optional<NativeLibrary> inFolder(
            NativePin pin,
            NativePlatform platform,
            Path folder,
            Optional<String> wanted,
            Origin origin,
            List<String> tried) {
        String place = origin + ": " + folder;
        if (Files.isDirectory(folder) == false) {
            tried.add(place + (Files.exists(folder) ? " is not a folder" : " does not exist"));
            return Optional.empty();
        }
        try {
            Map<Path, String> candidates = candidates(folder);
            Optional<Path> file = choose(candidates, pin.llamaVersion());
            if (file.isEmpty()) {
                tried.add(place + reason(candidates, platform, pin));
                return Optional.empty();
            }
            Properties manifest = manifest(folder);
            String fileVersion = candidates.getOrDefault(file.get(), "");
            String version = fileVersion.isEmpty() ? manifest.getProperty("llama.version", UNKNOWN) : fileVersion;
            String variant = wanted.orElseGet(() -> manifest.getProperty("variant", UNKNOWN));
            return Optional.of(new NativeLibrary(folder.toAbsolutePath(), file.get(), version, variant, origin));
        } catch (IOException e) {
            tried.add(place + " cannot be read (" + e + ")");
            return Optional.empty();
        }
    }

    /** Every libllama in the folder with the version its (resolved) name carries, the empty string for none. */
    private static Map<Path, String> candidates(Path folder) throws IOException {
        Map<Path, String> candidates = new TreeMap<>();
        List<Path> entries;
        try (Stream<Path> list = Files.list(folder.toAbsolutePath())) {
            entries = list.toList();
        }
        for (Path entry : entries) {
            Optional<String> version = NativePlatform.libraryVersion(String.valueOf(entry.getFileName()));
            if (version.isPresent() && Files.isRegularFile(entry)) {
                // libllama.so is usually a link to a name with the version.
                String resolved = String.valueOf(entry.toRealPath().getFileName());
                candidates.put(
                        entry,
                        version.get().isEmpty()
                                ? NativePlatform.libraryVersion(resolved).orElse("")
                                : version.get());
            }
        }
        return candidates;
    }

    private static Optional<Path> choose(Map<Path, String> candidates, String version) {
        return candidates.keySet().stream()
                .filter(file -> version.equals(candidates.get(file)))
                .findFirst()
                .or(() -> candidates.keySet().stream()
                        .filter(file -> "".equals(candidates.get(file)))
                        .findFirst());
    }

    private static String reason(Map<Path, String> candidates, NativePlatform platform, NativePin pin) {
        if (candidates.isEmpty()) {
            return " holds no " + platform.libraryName() + " of version " + pin.llamaVersion();
        }
        List<String> names = candidates.keySet().stream()
                .map(p -> String.valueOf(p.getFileName()))
                .toList();
        return " holds " + String.join(", ", names) + ": another version, needed is " + pin.llamaVersion();
    }

    private static Properties manifest(Path folder) throws IOException {
        Properties manifest = new Properties();
        Path file = folder.resolve(MANIFEST);
        if (Files.isRegularFile(file)) {
            try (InputStream in = Files.newInputStream(file)) {
                manifest.load(in);
            }
        }
        return manifest;
    }

    private static Optional<String> setting(Map<String, String> source, String key) {
        return Optional.ofNullable(source.get(key)).map(String::strip).filter(value -> value.isEmpty() == false);
    }

    private static EnvironmentException notFound(
            NativePin pin, NativePlatform platform, Optional<String> wanted, List<String> tried) {
        String variant = wanted.orElse(CPU);
        if (VARIANT.matcher(variant).matches() == false) {
            return new EnvironmentException("\"" + variant + "\" is not a variant of the llama.cpp libraries ("
                    + VARIANT_PROPERTY + ", " + VARIANT_VARIABLE + "); use cpu, cuda or vulkan, or the name given to"
                    + " native/build");
        }
        StringBuilder text = new StringBuilder("No llama.cpp libraries of version ")
                .append(pin.llamaVersion())
                .append(" for ")
                .append(platform.name())
                .append(" (")
                .append(variant)
                .append("). Tried:");
        tried.forEach(line -> text.append("\n  - ").append(line));
        text.append("\nNext step: run native/install")
                .append(variant.equals(CPU) ? "" : " " + variant)
                .append(" in the project folder, or set ")
                .append(PATH_VARIABLE)
                .append(" to a folder with llama.cpp ")
                .append(pin.llamaVersion())
                .append(" (native/build makes one from source).");
        return new EnvironmentException(text.toString());
    }
}
