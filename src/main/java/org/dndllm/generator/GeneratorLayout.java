package org.dndllm.generator;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongConsumer;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.onnx.ChannelBlocks;
import org.dndllm.onnx.ExternalData;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.OnnxGraph;
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

    private static final String MODEL = "generator.onnx";

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
     * @throws EnvironmentException when the cache has no room or cannot be written
     */
    Path of(Path onnxFile, PaperConfig config, String identity) {
        ChannelBlocks blocks = ChannelBlocks.ofThisMachine();
        Path target = cache.folder()
                .resolve(String.format(
                        Locale.ROOT,
                        "%.24s-ort%s-b%d-v%d",
                        identity,
                        OnnxRuntimeInfo.version(),
                        blocks.block(),
                        VERSION));
        Path model = target.resolve(MODEL);
        if (!Files.isRegularFile(model)) {
            write(onnxFile, config, blocks, target);
        }
        return model;
    }

    private void write(Path onnxFile, PaperConfig config, ChannelBlocks blocks, Path target) {
        try (GeneratorConstants weights = new GeneratorConstants(onnxFile)) {
            long[] written = {0, 0};
            LongConsumer progress = bytes -> {
                written[0] += bytes;
                cache.listener().advanced(target, Math.min(written[0], written[1]), written[1]);
            };
            OnnxGraph graph = HyperConvGraph.build(config, weights, TiledConvolutions.of(blocks, progress));
            written[1] = graph.initializerBytes();
            requireRoom(written[1]);
            AtomicFile.writeFolder(target, folder -> graph.write(folder.resolve(MODEL), ExternalData.ALWAYS), true);
            cache.listener().advanced(target, written[1], written[1]);
        }
    }

    private void requireRoom(long bytes) {
        try {
            FileStore store = Files.getFileStore(Files.createDirectories(cache.folder()));
            if (store.getUsableSpace() < bytes) {
                throw new EnvironmentException(String.format(
                        Locale.ROOT,
                        "%s: the generator laid out for this processor takes %.1f GB, and %.1f GB are free; make room, or"
                                + " run it as it is, which is slower (--no-layout)",
                        cache.folder(),
                        bytes / 1e9,
                        store.getUsableSpace() / 1e9));
            }
        } catch (IOException e) {
            throw new EnvironmentException(
                    cache.folder() + ": cannot be written (" + e + "); set XDG_CACHE_HOME to a folder that can, or run"
                            + " the generator as it is, which is slower (--no-layout)",
                    e);
        }
    }
}
