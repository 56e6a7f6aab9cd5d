package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.dndllm.engine.EngineOptions;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.Precision;
import org.dndllm.onnx.SessionOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which models to open and how to run them; spelled as llama.cpp spells it where it has the same. */
final class EngineFlags {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "GGUF",
            description = "Base model (qwen2 architecture). Default: the embedded nano base.")
    private @Nullable Path model;

    @Option(
            names = "--generator",
            paramLabel = "DIR",
            description = "Generator bundle. Default: the embedded nano bundle.")
    private @Nullable Path generator;

    @Option(
            names = "--ep",
            paramLabel = "EP",
            defaultValue = "cpu",
            description = "ONNX Runtime execution provider: cpu, cuda, auto. Default: ${DEFAULT-VALUE}.")
    private String provider = "cpu";

    @Option(
            names = {"-ngl", "--n-gpu-layers"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Layers of the base model on the GPU. Default: ${DEFAULT-VALUE}.")
    private int gpuLayers;

    @Option(
            names = "--backend",
            paramLabel = "B",
            defaultValue = "cpu",
            description = "ggml backend of those layers: cuda, vulkan, metal (see native/README.md)."
                    + " Default: ${DEFAULT-VALUE}.")
    private String backend = "cpu";

    @Option(
            names = {"-c", "--ctx-size"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Context length; 0 takes the model's own, at most 4096. Default: ${DEFAULT-VALUE}.")
    private int contextLength;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads for each engine; 0 takes half the processors, which copes with a busy machine."
                    + " Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(
            names = "--adapter-type",
            paramLabel = "TYPE",
            defaultValue = "f16",
            description = "Element type of generated adapters in llama.cpp: f32, f16, bf16. Default: ${DEFAULT-VALUE}.")
    private String adapterType = "f16";

    @Option(
            names = "--no-layout",
            description =
                    "Run large generators of the paper's family as they are. Without this they are laid out once for"
                            + " this processor, in dnd/layouts of the user's cache folder, which more than halves their"
                            + " time. On CUDA: run a bundle's graphs one after the other instead of as one.")
    private boolean noLayout;

    @Option(
            names = "--fused",
            description = "Run encoder, generator and detokenisation as one graph on the processor too, as --ep cuda"
                    + " does; the graph is written once, to dnd/layouts of the user's cache folder. No faster there: for"
                    + " comparing the two ways.")
    private boolean fused;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "auto",
            description = "In what the generator computes, and the encoder where both are one graph: f32, f16, bf16,"
                    + " int8 (weights alone), auto (f16 on CUDA, f32 on the processor). Any but f32 is written once, to"
                    + " dnd/layouts of the user's cache folder. On the processor f16 and bf16 are f32 with their"
                    + " roundings: no faster, for measuring what they cost. Default: ${DEFAULT-VALUE}.")
    private String precision = "auto";

    @Option(
            names = "--gpu-memory",
            paramLabel = "SIZE",
            description =
                    "Most that each session of ONNX Runtime may take of the GPU's memory: 24g, 8192m. Default: all.")
    private @Nullable String gpuMemory;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    Path model() {
        return Optional.ofNullable(model).orElseGet(() -> NanoSet.embedded().base());
    }

    /** Whether the base model is the nano set's own, and with it all that was trained for that. */
    boolean isEmbeddedModel() {
        return model == null;
    }

    /** Whether a generator was named, rather than left to the nano set. */
    boolean namesGenerator() {
        return generator != null;
    }

    Path generator() {
        return Optional.ofNullable(generator).orElseGet(() -> NanoSet.embedded().bundle());
    }

    /** The bundle that was named, or all of the nano set's for its own base; a base of one's own may do without. */
    List<Path> generators() {
        if (generator != null) {
            return List.of(generator);
        }
        return isEmbeddedModel() ? NanoSet.embedded().bundles() : List.of();
    }

    ModelOptions modelOptions() {
        return new ModelOptions(gpuLayers, backend.toLowerCase(Locale.ROOT), true, false, Optional.empty());
    }

    ContextOptions contextOptions() {
        return ContextOptions.DEFAULT.withContextLength(contextLength).withThreads(threads);
    }

    EngineOptions options() {
        SessionOptions.Provider chosen =
                Flags.oneOf("--ep", provider, SessionOptions.Provider.class, provider.toUpperCase(Locale.ROOT));
        SessionOptions session = SessionOptions.defaults().withProvider(chosen);
        if (threads > 0) {
            session = session.withThreads(threads);
        }
        session = session.withPrecision(precision());
        if (gpuMemory != null) {
            session =
                    session.withGpuMemory(MemorySize.parse("--gpu-memory", gpuMemory, SessionOptions.LEAST_GPU_MEMORY));
        }
        if (!noLayout) {
            session = session.withLayouts(LayoutNotes.userCache(Objects.requireNonNull(spec)));
        }
        return new EngineOptions(session, modelOptions(), contextOptions(), adapterType(), fused);
    }

    private Precision precision() {
        Precision chosen = Flags.oneOf("--precision", precision, Precision.class, precision.toUpperCase(Locale.ROOT));
        if (noLayout && (fused || chosen != Precision.AUTO && chosen != Precision.F32)) {
            throw Flags.wrong(
                    fused ? "--fused" : "--precision",
                    "and --no-layout exclude each other: the graph that is made needs a place on disk");
        }
        return chosen;
    }

    GgmlType adapterType() {
        return Flags.floatType("--adapter-type", adapterType);
    }
}
