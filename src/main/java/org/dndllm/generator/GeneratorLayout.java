package org.dndllm.generator;

import java.nio.file.Path;
import java.util.Locale;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.ChannelBlocks;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxRuntimeInfo;

/**
 * Generators of the paper's family as {@link TiledConvolutions} computes them on this machine: the same function, faster,
 * and mapped at once where ONNX Runtime would lay the weights out at each start. A layout belongs to the weights, the
 * version of ONNX Runtime and the processor's block; it is written whole or not at all, streaming.
 */
final class GeneratorLayout {
    /** Smaller generators are laid out by ONNX Runtime in the time that reading them takes. */
    private static final long WORTH_BYTES = 256L << 20;

    /** To be raised whenever the graph for the same weights changes. */
    private static final int VERSION = 1;

    private final LayoutCache cache;

    private GeneratorLayout(LayoutCache cache) {
        this.cache = cache;
    }

    static GeneratorLayout in(LayoutCache cache) {
        return new GeneratorLayout(cache);
    }

    /** Whether a generator is large enough. */
    static boolean pays(PaperConfig config) {
        return config.parameters() * Float.BYTES > WORTH_BYTES;
    }

    /**
     * The layout of a generator, which is written when it is not there.
     *
     * @throws InvalidInputException when the generator is malformed or not of that configuration
     * @throws org.dndllm.EnvironmentException when the cache has no room or cannot be written
     */
    Path of(Path onnxFile, PaperConfig config, String identity) {
        ChannelBlocks blocks = ChannelBlocks.ofThisMachine();
        String name = String.format(
                Locale.ROOT, "%.24s-ort%s-b%d-v%d", identity, OnnxRuntimeInfo.version(), blocks.block(), VERSION);
        try (GeneratorConstants weights = new GeneratorConstants(onnxFile)) {
            return cache.model(
                    name, progress -> HyperConvGraph.build(config, weights, TiledConvolutions.of(blocks, progress)));
        }
    }
}
