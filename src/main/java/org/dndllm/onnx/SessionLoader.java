package org.dndllm.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.SessionOptions.Optimization;
import org.dndllm.onnx.SessionOptions.Provider;

/** Opens a session on the provider that is asked for and words what goes wrong. */
final class SessionLoader {
    /**
     * Above this many bytes of model and data, laying weights out anew costs more than it gives. So does planning memory:
     * the plan of the first run gives the second one block for all activations, beside what the first took.
     */
    private static final long LARGE = 1L << 30;

    private static final int DEVICE = 0;

    private SessionLoader() {}

    record Loaded(OrtSession session, Provider provider, String report, Optimization optimization) {}

    static Loaded load(Path model, SessionOptions options) {
        if (!Files.isRegularFile(model)) {
            throw new InvalidInputException(model.toString(), "model", "no such file; name an .onnx file");
        }
        Optimization optimization = effective(model, options.optimization());
        if (options.provider() == Provider.CPU) {
            return onCpu(model, options, optimization, "CPU (asked for)");
        }
        try {
            OrtSession session = create(model, options, optimization, Provider.CUDA);
            return new Loaded(session, Provider.CUDA, cudaReport(options), optimization);
        } catch (OrtException e) {
            if (blamesModel(e)) {
                throw refused(model, e);
            }
            if (options.provider() == Provider.CUDA) {
                throw new EnvironmentException(
                        model + ": CUDA was forced and cannot be used: " + e.getMessage()
                                + ". Install what is missing and the GPU flavour of ONNX Runtime, or choose cpu or"
                                + " auto",
                        e);
            }
            return onCpu(model, options, optimization, "CPU (CUDA cannot be used: " + e.getMessage() + ")");
        }
    }

    private static Loaded onCpu(Path model, SessionOptions options, Optimization optimization, String report) {
        try {
            return new Loaded(create(model, options, optimization, Provider.CPU), Provider.CPU, report, optimization);
        } catch (OrtException e) {
            throw refused(model, e);
        }
    }

    private static boolean blamesModel(OrtException e) {
        return switch (e.getCode()) {
            case ORT_NO_SUCHFILE, ORT_NO_MODEL, ORT_INVALID_PROTOBUF, ORT_INVALID_GRAPH -> true;
            default -> false;
        };
    }

    private static InvalidInputException refused(Path model, OrtException e) {
        return new InvalidInputException(
                model.toString(),
                "model",
                "ONNX Runtime refuses it: " + e.getMessage()
                        + ". Expected a complete ONNX model, with its data file beside it where it has one;"
                        + " write or copy it again",
                e);
    }

    private static OrtSession create(Path model, SessionOptions options, Optimization optimization, Provider provider)
            throws OrtException {
        OrtEnvironment environment = OrtRuntime.environment();
        try (OrtSession.SessionOptions ort = new OrtSession.SessionOptions()) {
            ort.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            ort.setIntraOpNumThreads(options.threads());
            ort.setInterOpNumThreads(1);
            String spinning = options.spinning() ? "1" : "0";
            ort.addConfigEntry("session.intra_op.allow_spinning", spinning);
            ort.addConfigEntry("session.inter_op.allow_spinning", spinning);
            ort.setOptimizationLevel(
                    switch (optimization) {
                        case NONE -> OrtSession.SessionOptions.OptLevel.NO_OPT;
                        case BASIC -> OrtSession.SessionOptions.OptLevel.BASIC_OPT;
                        case EXTENDED -> OrtSession.SessionOptions.OptLevel.EXTENDED_OPT;
                        case ALL, AUTO -> OrtSession.SessionOptions.OptLevel.ALL_OPT;
                    });
            ort.setMemoryPatternOptimization(!isLarge(model));
            if (provider == Provider.CUDA) {
                addCuda(ort, cudaOptions(options));
            }
            return environment.createSession(model.toString(), ort);
        }
    }

    private static void addCuda(OrtSession.SessionOptions ort, Map<String, String> settings) throws OrtException {
        if (settings.isEmpty()) {
            ort.addCUDA();
            return;
        }
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(DEVICE)) {
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                cuda.add(setting.getKey(), setting.getValue());
            }
            ort.addCUDA(cuda);
        }
    }

    /**
     * Settings of ONNX Runtime's CUDA provider. Its arena doubles when it grows unless told otherwise, and so would meet a
     * limit with half of it unused.
     */
    static Map<String, String> cudaOptions(SessionOptions options) {
        if (options.gpuMemory().isEmpty()) {
            return Map.of();
        }
        return Map.of(
                "gpu_mem_limit",
                Long.toString(options.gpuMemory().getAsLong()),
                "arena_extend_strategy",
                "kSameAsRequested");
    }

    private static String cudaReport(SessionOptions options) {
        String device = "CUDA device " + DEVICE;
        return options.gpuMemory().isPresent()
                ? device + ", at most " + options.gpuMemory().getAsLong() + " bytes of its memory"
                : device;
    }

    private static Optimization effective(Path model, Optimization asked) {
        if (asked != Optimization.AUTO) {
            return asked;
        }
        return isLarge(model) ? Optimization.EXTENDED : Optimization.ALL;
    }

    private static boolean isLarge(Path model) {
        Path data = model.resolveSibling(model.getFileName() + ".data");
        try {
            return Files.size(model) + (Files.exists(data) ? Files.size(data) : 0) > LARGE;
        } catch (IOException e) {
            throw new InvalidInputException(model.toString(), "model", "cannot be read (" + e + ")", e);
        }
    }
}
