package org.dndllm.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.dndllm.NativeFailureException;

/**
 * ONNX Runtime's blocked convolutions on this processor ("NCHWc"): channels lie in blocks beside each other, filters [O,
 * I, k, k] as [O/B, I/B, k, k, B inputs, B outputs]. It lays a model out that way while it is opened, on one thread and
 * with all weights in memory. Who knows the block can write a model that way, once, and have it mapped ever after.
 *
 * <p>The block is not asked of a table of processors: ONNX Runtime lays out a convolution of a few channels, and what it
 * wrote is looked at.
 *
 * @param block channels that lie together, B; 1 where this processor has no blocked convolutions
 */
public record ChannelBlocks(int block) {
    /** Domain of the operators ReorderInput, Conv and ReorderOutput. */
    public static final String DOMAIN = "com.microsoft.nchwc";

    /** No blocked convolutions: filters stay as they are. */
    public static final ChannelBlocks NONE = new ChannelBlocks(1);

    // A multiple of 4, as the layout asks for, and of no possible block, so that the padding tells the block.
    private static final int PROBED_OUTPUTS = 4;
    private static final int PROBED_INPUTS = 64;
    private static final int KERNEL = 3;

    public ChannelBlocks {
        if (block < 1) {
            throw new IllegalArgumentException("a block has at least one channel, not " + block);
        }
    }

    /** A number of channels in whole blocks. */
    public long padded(long channels) {
        return Math.ceilDiv(channels, (long) block) * block;
    }

    private static final class Holder {
        static final ChannelBlocks HERE = probe();
    }

    /**
     * What ONNX Runtime uses on this machine; asked once per process.
     *
     * @throws EnvironmentException when ONNX Runtime cannot be used here or temporary files cannot be written
     */
    public static ChannelBlocks ofThisMachine() {
        return Holder.HERE;
    }

    private static ChannelBlocks probe() {
        try {
            Path laidOut = Files.createTempFile("dnd-layout", ".onnx");
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                options.setOptimizedModelFilePath(laidOut.toString());
                OrtRuntime.environment().createSession(convolution(), options).close();
                return ofFilters(OnnxConstants.of(laidOut));
            } finally {
                Files.deleteIfExists(laidOut);
            }
        } catch (OrtException e) {
            throw new NativeFailureException("ONNX Runtime cannot lay out a convolution: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new EnvironmentException("no temporary file can be written (" + e + "); set java.io.tmpdir", e);
        }
    }

    private static byte[] convolution() {
        OnnxGraph graph = new OnnxGraph("layout-probe");
        String x = graph.input("x", OnnxType.FLOAT, 1, PROBED_INPUTS, 8, 8);
        List<Long> shape = List.of((long) PROBED_OUTPUTS, (long) PROBED_INPUTS, (long) KERNEL, (long) KERNEL);
        int bytes = PROBED_OUTPUTS * PROBED_INPUTS * KERNEL * KERNEL * Float.BYTES;
        String filters = graph.initializer(
                "filters", OnnxType.FLOAT, shape, sink -> sink.put(MemorySegment.ofArray(new byte[bytes])));
        graph.namedNode("y", "Conv", List.of(x, filters), Map.of("kernel_shape", new long[] {KERNEL, KERNEL}));
        graph.output("y", OnnxType.FLOAT, 1, PROBED_OUTPUTS, 6, 6);
        return graph.toBytes();
    }

    /** Filters that were laid out have their outputs padded to a block. */
    private static ChannelBlocks ofFilters(OnnxConstants constants) {
        for (String name : constants.names()) {
            List<Long> shape = constants.shape(name);
            if (shape.size() == 4 && shape.get(1) == PROBED_INPUTS && shape.get(0) > PROBED_OUTPUTS) {
                return new ChannelBlocks(Math.toIntExact(shape.get(0)));
            }
        }
        return NONE;
    }
}
