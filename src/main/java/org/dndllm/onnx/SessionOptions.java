package org.dndllm.onnx;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * How ONNX Runtime runs a model.
 *
 * @param provider where it runs
 * @param threads threads that share one operator, at least 1
 * @param spinning whether idle threads wait in a busy loop: lowers latency on a machine of one's own, steals time from
 *     the neighbours elsewhere
 * @param optimization how far the graph is rewritten when it is loaded
 * @param layouts where models that are worth it are kept laid out for this processor, joined into one for its GPU, or in
 *     another precision; without it none is
 * @param precision of generators, and of the encoder where both are one graph; other models run as they stand
 * @param gpuMemory bytes that a session may take of a GPU's memory, at least {@value #LEAST_GPU_MEMORY}; without it all
 */
public record SessionOptions(
        Provider provider,
        int threads,
        boolean spinning,
        Optimization optimization,
        Optional<LayoutCache> layouts,
        Precision precision,
        OptionalLong gpuMemory) {
    /** 64 MiB: no session of ours gets by with less. */
    public static final long LEAST_GPU_MEMORY = 64L << 20;

    /** Execution providers. */
    public enum Provider {
        /** The processor; always there. */
        CPU,
        /** An NVIDIA GPU; fails with the reason when it cannot be used. */
        CUDA,
        /** CUDA where it works, else the processor; the session reports which and why. */
        AUTO
    }

    /** Graph rewriting at load. */
    public enum Optimization {
        /** {@link #ALL}, but {@link #EXTENDED} for models with more than 1 GiB of weights. */
        AUTO,
        NONE,
        BASIC,
        /** Fusions that leave weights as they are, so that data beside the model stays mapped: loads at once. */
        EXTENDED,
        /**
         * Also lays weights out anew for the processor: about 15 % faster convolutions, paid with twice the memory and
         * a load of half a minute for 4 GB.
         */
        ALL
    }

    public SessionOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        if (gpuMemory.orElse(LEAST_GPU_MEMORY) < LEAST_GPU_MEMORY) {
            throw new IllegalArgumentException(
                    "GPU memory must be at least " + LEAST_GPU_MEMORY + " bytes, not " + gpuMemory.getAsLong());
        }
    }

    /** Processor, half of the visible logical cores (about one thread per physical core), no spinning. */
    public static SessionOptions defaults() {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return new SessionOptions(
                Provider.CPU,
                threads,
                false,
                Optimization.AUTO,
                Optional.empty(),
                Precision.AUTO,
                OptionalLong.empty());
    }

    public SessionOptions withProvider(Provider newProvider) {
        return new SessionOptions(newProvider, threads, spinning, optimization, layouts, precision, gpuMemory);
    }

    public SessionOptions withThreads(int newThreads) {
        return new SessionOptions(provider, newThreads, spinning, optimization, layouts, precision, gpuMemory);
    }

    public SessionOptions withSpinning(boolean newSpinning) {
        return new SessionOptions(provider, threads, newSpinning, optimization, layouts, precision, gpuMemory);
    }

    public SessionOptions withOptimization(Optimization newOptimization) {
        return new SessionOptions(provider, threads, spinning, newOptimization, layouts, precision, gpuMemory);
    }

    public SessionOptions withoutLayouts() {
        return new SessionOptions(provider, threads, spinning, optimization, Optional.empty(), precision, gpuMemory);
    }

    public SessionOptions withLayouts(LayoutCache cache) {
        return new SessionOptions(provider, threads, spinning, optimization, Optional.of(cache), precision, gpuMemory);
    }

    public SessionOptions withPrecision(Precision newPrecision) {
        return new SessionOptions(provider, threads, spinning, optimization, layouts, newPrecision, gpuMemory);
    }

    public SessionOptions withGpuMemory(long bytes) {
        return new SessionOptions(
                provider, threads, spinning, optimization, layouts, precision, OptionalLong.of(bytes));
    }
}
