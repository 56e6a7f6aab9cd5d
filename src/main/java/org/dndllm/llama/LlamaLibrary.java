package org.dndllm.llama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.dndllm.EnvironmentException;
import org.dndllm.bindings.LlamaCpp;
import org.jspecify.annotations.Nullable;

/**
 * The llama.cpp shared library of this process: loaded once, checked once, never unloaded. Loading finds the libraries
 * ({@link NativeLibrary}), compares versions, probes every bound symbol, lets ggml choose the CPU variant and load its
 * other backends, and installs the log and crash callbacks. Thread-safe.
 */
public final class LlamaLibrary {
    private final NativeLibrary location;
    private final String version;
    private final String ggmlVersion;
    private final String commit;

    private LlamaLibrary(NativeLibrary location) {
        this.location = location;
        version = LlamaCpp.llama_version().getString(0);
        ggmlVersion = LlamaCpp.ggml_version().getString(0);
        commit = LlamaCpp.ggml_commit().getString(0);
    }

    private static final class Holder {
        static final LlamaLibrary INSTANCE = open(NativeLibrary.locate());

        private Holder() {}
    }

    /**
     * The library, loaded at the first call.
     *
     * @throws EnvironmentException if it is not installed, is another version, lacks a symbol, lacks the backend that was
     *     asked for, or if native access is denied to this program; the message says what to do
     */
    public static LlamaLibrary load() {
        try {
            return Holder.INSTANCE;
        } catch (ExceptionInInitializerError e) {
            // The first restricted method may sit in another class's initialiser, whose error then comes up to here.
            RuntimeException cause = switch (e.getCause()) {
                case IllegalCallerException denied -> nativeAccessDenied(denied);
                case RuntimeException other -> other;
                case null, default -> throw e;
            };
            firstFailure = cause;
            throw cause;
        } catch (NoClassDefFoundError e) {
            RuntimeException first = firstFailure;
            if (first == null) {
                throw e;
            }
            throw new EnvironmentException(String.valueOf(first.getMessage()), first);
        }
    }

    // A failed static initialiser reports its cause only once; later callers deserve the reason as well.
    private static volatile @Nullable RuntimeException firstFailure;

    private static LlamaLibrary open(NativeLibrary location) {
        // ggml reads it when it is loaded: otherwise an assertion forks a debugger before our callback is asked.
        CStandard.setEnvironment("GGML_NO_BACKTRACE", "1");
        String file = location.file().toString();
        try {
            System.load(file);
        } catch (UnsatisfiedLinkError e) {
            throw new EnvironmentException(
                    file + " cannot be loaded: " + e.getMessage() + ". Needed are glibc 2.34 or newer and the libraries"
                            + " beside it; run native/install again, or native/build to compile it on this machine.",
                    e);
        }
        SymbolLookup symbols = SymbolLookup.loaderLookup();
        Handshake.requireSymbols(
                Handshake.boundSymbols(LlamaCpp.class),
                name -> symbols.find(name).isPresent(),
                file);
        LlamaLibrary library = new LlamaLibrary(location);
        Handshake.requireVersion(library.version, library.ggmlVersion, NativePin.load(), file);
        NativeLog.install();
        loadBackends(location.folder());
        CrashGuard.install();
        LlamaCpp.llama_backend_init();
        library.requireBackend(NativeLibrary.CPU);
        location.backend().ifPresent(library::requireBackend);
        return library;
    }

    private static void loadBackends(Path folder) {
        try (Arena arena = Arena.ofConfined()) {
            LlamaCpp.ggml_backend_load_all_from_path(arena.allocateFrom(folder.toString()));
        }
    }

    private static EnvironmentException nativeAccessDenied(RuntimeException cause) {
        return new EnvironmentException(
                "This JVM denies native access to the program (" + cause.getMessage()
                        + "); start java with --enable-native-access=ALL-UNNAMED.",
                cause);
    }

    /** Where the library lies and how it was found. */
    public NativeLibrary location() {
        return location;
    }

    /** {@code llama_version()}. */
    public String version() {
        return version;
    }

    /** {@code ggml_version()}. */
    public String ggmlVersion() {
        return ggmlVersion;
    }

    /** Commit that the library was built from, abbreviated. */
    public String commit() {
        return commit;
    }

    /** Whether libmtmd lies beside the library, so that models with an image encoder can see ({@link VisionProjector}). */
    public boolean readsImages() {
        return Files.isRegularFile(MtmdLibrary.beside(location));
    }

    /** CPU features and backends in use, in llama.cpp's words. */
    public String systemInfo() {
        return LlamaCpp.llama_print_system_info().getString(0);
    }

    /** Every device that a loaded backend offers, with its free memory now. */
    public List<Device> devices() {
        List<Device> devices = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(JAVA_LONG);
            MemorySegment total = arena.allocate(JAVA_LONG);
            for (long i = 0; i < LlamaCpp.ggml_backend_dev_count(); i++) {
                MemorySegment device = LlamaCpp.ggml_backend_dev_get(i);
                LlamaCpp.ggml_backend_dev_memory(device, free, total);
                MemorySegment backend = LlamaCpp.ggml_backend_dev_backend_reg(device);
                devices.add(new Device(
                        text(LlamaCpp.ggml_backend_dev_name(device)),
                        text(LlamaCpp.ggml_backend_dev_description(device)),
                        text(LlamaCpp.ggml_backend_reg_name(backend)),
                        Device.Kind.of(LlamaCpp.ggml_backend_dev_type(device)),
                        free.get(JAVA_LONG, 0),
                        total.get(JAVA_LONG, 0)));
            }
        }
        return List.copyOf(devices);
    }

    private static String text(MemorySegment string) {
        return string.address() == 0 ? "" : string.getString(0).strip();
    }

    /**
     * Insists on a backend; ggml itself falls back to the CPU without a word.
     *
     * @param backend {@code cpu}, {@code cuda}, {@code vulkan}, {@code metal}
     * @throws EnvironmentException naming the library that is missing
     */
    public void requireBackend(String backend) {
        if (devices().stream().anyMatch(device -> device.drivenBy(backend))) {
            return;
        }
        String name = backend.toLowerCase(Locale.ROOT);
        Path plugin = location.folder().resolve(System.mapLibraryName("ggml-" + name));
        String reason;
        if (name.equals(NativeLibrary.CPU)) {
            reason = "no libggml-cpu variant in " + location.folder() + " runs on this processor";
        } else if (Files.exists(plugin) == false) {
            reason = plugin + " is not there";
        } else {
            reason = loadError(plugin);
        }
        throw new EnvironmentException("The " + backend + " backend was asked for but is not in use: " + reason
                + ". Install what is missing, fetch the libraries with native/install " + name
                + ", build them with native/build " + name + ", or ask for the cpu backend.");
    }

    private static String loadError(Path plugin) {
        try {
            System.load(plugin.toString());
        } catch (UnsatisfiedLinkError e) {
            return String.valueOf(e.getMessage());
        }
        return plugin + " loads, but its driver reports no device";
    }
}
