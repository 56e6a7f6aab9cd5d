package org.dndllm.onnx;

import java.util.Optional;

/**
 * How ONNX Runtime runs a model.
 *
 * @param provider where it runs
 * @param threads threads that share one operator, at least 1
 * @param spinning whether idle threads wait in a busy loop: lowers latency on a machine of one's own, steals time from
 *     the neighbours elsewhere
 * @param optimization how far the graph is rewritten when it is loaded
 * @param layouts where models that are worth it are kept laid out for this processor; without it none is
 */
public record SessionOptions(
        Provider provider, int threads, boolean spinning, Optimization optimization, Optional<LayoutCache> layouts) {

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
    }

    /** Processor, half of the visible logical cores (about one thread per physical core), no spinning. */
    public static SessionOptions defaults() {
        int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        return new SessionOptions(Provider.CPU, threads, false, Optimization.AUTO, Optional.empty());
    }

    public SessionOptions withProvider(Provider newProvider) {
        return new SessionOptions(newProvider, threads, spinning, optimization, layouts);
    }

    public SessionOptions withThreads(int newThreads) {
        return new SessionOptions(provider, newThreads, spinning, optimization, layouts);
    }

    public SessionOptions withSpinning(boolean newSpinning) {
        return new SessionOptions(provider, threads, newSpinning, optimization, layouts);
    }

    public SessionOptions withOptimization(Optimization newOptimization) {
        return new SessionOptions(provider, threads, spinning, newOptimization, layouts);
    }

    public SessionOptions withoutLayouts() {
        return new SessionOptions(provider, threads, spinning, optimization, Optional.empty());
    }

    public SessionOptions withLayouts(LayoutCache cache) {
        return new SessionOptions(provider, threads, spinning, optimization, Optional.of(cache));
    }
}
