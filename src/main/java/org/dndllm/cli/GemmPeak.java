package org.dndllm.cli;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;

/** What ONNX Runtime's float32 matrix product reaches here, to read other rates against. */
final class GemmPeak {
    private static final int ROWS = 1024;
    private static final int INNER = 2048;
    private static final int COLUMNS = 1024;
    private static final int ROUNDS = 15;

    private GemmPeak() {}

    /** GFLOP/s of the best of a few products of 1024 x 2048 by 2048 x 1024, after a first that is not timed. */
    static double gigaflops(Path folder, SessionOptions options) {
        OnnxGraph graph = new OnnxGraph("gemm");
        String x = graph.input("x", OnnxType.FLOAT, ROWS, INNER);
        float[] values = Samples.normal(INNER * COLUMNS, 1);
        String weight = graph.initializer(
                "w",
                OnnxType.FLOAT,
                List.of((long) INNER, (long) COLUMNS),
                sink -> sink.put(MemorySegment.ofArray(values)));
        graph.namedNode("y", "MatMul", List.of(x, weight), Map.of());
        graph.output("y", OnnxType.FLOAT, ROWS, COLUMNS);
        Path model = folder.resolve("gemm.onnx");
        graph.write(model);
        OnnxTensorValue input = OnnxTensorValue.of(Samples.normal(ROWS * INNER, 2), ROWS, INNER);
        double best = 0;
        try (OnnxSession session = OnnxSession.open(model, options)) {
            for (int round = -1; round < ROUNDS; round++) {
                long start = System.nanoTime();
                session.run(Map.of("x", input));
                double seconds = (System.nanoTime() - start) / 1e9;
                best = round < 0 ? best : Math.max(best, 2e-9 * ROWS * INNER * COLUMNS / seconds);
            }
        }
        return best;
    }
}
