package org.dndllm.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import org.dndllm.EnvironmentException;

/** ONNX Runtime's one environment per process: silent, since every failure reaches the caller as an exception. */
final class OrtRuntime {
    private OrtRuntime() {}

    private static final class Holder {
        static final OrtEnvironment ENVIRONMENT = create();

        private static OrtEnvironment create() {
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
     * @throws EnvironmentException when this platform has no natives or refuses them
     */
    static OrtEnvironment environment() {
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

    private static Throwable root(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
