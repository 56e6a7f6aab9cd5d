package org.dndllm.onnx;

import ai.onnxruntime.OrtEnvironment;
import java.util.List;

/** What the ONNX Runtime library on the class path says of itself. */
public final class OnnxRuntimeInfo {
    private OnnxRuntimeInfo() {}

    /** Version of the native library. */
    public static String version() {
        return OrtRuntime.environment().getVersion();
    }

    /**
     * Execution providers that this build contains. A provider in this list may still fail to load for want of its own
     * libraries: only opening a session with it tells.
     */
    public static List<String> providers() {
        OrtRuntime.environment();
        return OrtEnvironment.getAvailableProviders().stream()
                .map(provider -> provider.getName())
                .sorted()
                .toList();
    }
}
