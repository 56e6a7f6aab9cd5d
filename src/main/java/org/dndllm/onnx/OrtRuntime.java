package org.dndllm.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.EnvironmentException;
import org.dndllm.format.UserCache;

/** ONNX Runtime's one environment per process: silent, since every failure reaches the caller as an exception. */
final class OrtRuntime {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    /** Measured with 1.29.0 on Linux: 3965 bytes go well, one more ends the process with a segmentation fault. */
    private static final int LONGEST_COMMAND_LINE = 3900;

    private OrtRuntime() {}

    private static final class Holder {
        static final OrtEnvironment ENVIRONMENT = create();

        private static OrtEnvironment create() {
            OrtNatives.install(UserCache.of(System.getenv(), System.getProperty("user.home", "."))
                    .resolve("native"));
            OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "dnd");
            try {
                environment.setTelemetry(false);
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime refuses to switch telemetry off", e);
            }
            return environment;
        }
    }

    /**
     * The environment; natives are unpacked and loaded at the first call.
     *
     * @throws EnvironmentException when this platform has no natives or refuses them, or the natives would crash
     */
    static OrtEnvironment environment() {
        requireShortCommandLine(COMMAND_LINE);
        try {
            return Holder.ENVIRONMENT;
        } catch (LinkageError e) {
            Throwable root = root(e);
            if (root instanceof IllegalCallerException) {
                throw new EnvironmentException(
                        "This JVM denies ONNX Runtime native access (" + root.getMessage()
                                + "); start java with --enable-native-access=ALL-UNNAMED.",
                        e);
            }
            throw new EnvironmentException(
                    "ONNX Runtime's native library cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": " + root
                            + ". It has libraries for linux-x64, linux-aarch64, osx-aarch64 and win-x64; with others,"
                            + " point -Donnxruntime.native.path at a build of your own",
                    e);
        }
    }

    /**
     * ONNX Runtime reads the command line of its process into a small buffer when it begins. Linux only.
     *
     * @throws EnvironmentException instead of a crash
     */
    static void requireShortCommandLine(Path file) {
        if (!Files.isReadable(file)) {
            return;
        }
        int length;
        try {
            length = Files.readAllBytes(file).length;
        } catch (IOException e) {
            throw new EnvironmentException(file + ": cannot be read (" + e + ")", e);
        }
        if (length > LONGEST_COMMAND_LINE) {
            throw new EnvironmentException("ONNX Runtime crashes in processes with a command line of more than "
                    + LONGEST_COMMAND_LINE + " bytes, and this one has " + length
                    + "; hand long texts over in files, and the class path in the environment variable CLASSPATH");
        }
    }

    private static Throwable root(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
