package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.SessionOptions.Optimization;
import org.dndllm.onnx.SessionOptions.Provider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxSessionIT {
    @TempDir
    Path folder;

    /** y = x W + 1 with x [batch, 3], W [3, 400]; large = 400 columns make W 4800 bytes, enough to go outside. */
    private Path affine(ExternalData mode) {
        OnnxGraph graph = new OnnxGraph("affine");
        float[] w = new float[1200];
        for (int i = 0; i < w.length; i++) {
            w[i] = i;
        }
        String x = graph.input("x", OnnxType.FLOAT, "batch", 3);
        String product =
                graph.node("MatMul", x, graph.initializer("w", TensorView.ofFloats("w", List.of(3L, 400L), w)));
        graph.namedNode("y", "Add", List.of(product, graph.scalar("one", 1f)), Map.of());
        graph.output("y", OnnxType.FLOAT, "batch", 400);
        Path target = folder.resolve("affine.onnx");
        graph.write(target, mode);
        return target;
    }

    private static float[] run(OnnxSession session) {
        Map<String, OnnxTensorValue> out = session.run(Map.of("x", OnnxTensorValue.of(new float[] {1, 2, 3}, 1, 3)));
        OnnxTensorValue y = Objects.requireNonNull(out.get("y"));
        assertThat(y.shape()).containsExactly(1L, 400L);
        return y.floats();
    }

    @Test
    void run_inlineAndExternal_everyOptimization_sameNumbers() {
        for (ExternalData mode : List.of(ExternalData.NEVER, ExternalData.ALWAYS)) {
            Path model = affine(mode);
            for (Optimization optimization : Optimization.values()) {
                // when
                SessionOptions options = SessionOptions.defaults().withOptimization(optimization);
                try (OnnxSession session = OnnxSession.open(model, options)) {
                    float[] y = run(session);
                    // then: 1*0 + 2*400 + 3*800 + 1, exact in float
                    assertThat(y[0]).isEqualTo(3201f);
                    assertThat(y[399]).isEqualTo(3201f + 6 * 399);
                    assertThat(session.provider()).isEqualTo(Provider.CPU);
                    assertThat(session.optimization()).isNotEqualTo(Optimization.AUTO);
                }
            }
        }
    }

    @Test
    void open_moreThanAGigabyteOfData_keepsWeightsMapped() throws IOException {
        // given: a sparse data file that the model does not even refer to
        Path model = affine(ExternalData.NEVER);
        try (RandomAccessFile data =
                new RandomAccessFile(folder.resolve("affine.onnx.data").toFile(), "rw")) {
            data.setLength((1L << 30) + 1);
        }
        // then
        try (OnnxSession session = OnnxSession.open(model, SessionOptions.defaults())) {
            assertThat(session.optimization()).isEqualTo(Optimization.EXTENDED);
        }
    }

    /** Direct buffers live until the collector looks at them, and large heaps make it look seldom. */
    @Test
    void run_manyTimes_inputsLeaveNoDirectBuffersBehind() {
        BufferPoolMXBean direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .findFirst()
                .orElseThrow();
        int rows = 1 << 18; // 3 MiB of input
        OnnxTensorValue x = OnnxTensorValue.of(new float[3 * rows], rows, 3);
        OnnxGraph graph = new OnnxGraph("sum");
        graph.namedNode("y", "ReduceSum", List.of(graph.input("x", OnnxType.FLOAT, "batch", 3)), Map.of("keepdims", 0));
        graph.output("y", OnnxType.FLOAT);
        Path model = folder.resolve("sum.onnx");
        graph.write(model);
        try (OnnxSession session = OnnxSession.open(model, SessionOptions.defaults())) {
            session.run(Map.of("x", x));
            long before = direct.getMemoryUsed();

            session.run(Map.of("x", x));

            assertThat(direct.getMemoryUsed() - before).isLessThan(3L * rows * Float.BYTES);
        }
    }

    @Test
    void run_integersAndBooleans_travelAsLongs() {
        // given
        OnnxGraph graph = new OnnxGraph("types");
        String ints = graph.input("ints", OnnxType.INT32, 3);
        String flags = graph.input("flags", OnnxType.BOOL, 3);
        String longs = graph.input("longs", OnnxType.INT64, 3);
        graph.namedNode("int_sum", "Add", List.of(ints, ints), Map.of());
        graph.namedNode("not", "Not", List.of(flags), Map.of());
        graph.namedNode("long_sum", "Add", List.of(longs, graph.scalar("big", 1L << 40)), Map.of());
        graph.output("int_sum", OnnxType.INT32, 3);
        graph.output("not", OnnxType.BOOL, 3);
        graph.output("long_sum", OnnxType.INT64, 3);
        Path model = folder.resolve("types.onnx");
        graph.write(model);
        // when
        try (OnnxSession session = OnnxSession.open(model, SessionOptions.defaults())) {
            Map<String, OnnxTensorValue> out = session.run(Map.of(
                    "ints", OnnxTensorValue.of(new long[] {1, -2, 3}, 3),
                    "flags", OnnxTensorValue.of(new long[] {1, 0, 5}, 3),
                    "longs", OnnxTensorValue.of(new long[] {0, 1, 2}, 3)));
            // then
            assertThat(out.keySet()).containsExactly("int_sum", "not", "long_sum");
            assertThat(out.get("int_sum").longs()).containsExactly(2, -4, 6);
            assertThat(out.get("not").longs()).containsExactly(0, 1, 0);
            assertThat(out.get("long_sum").longs()).containsExactly(1L << 40, (1L << 40) + 1, (1L << 40) + 2);
            assertThatThrownBy(() -> out.get("not").floats()).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void metadata_namesAndShapes_areTheModels() {
        try (OnnxSession session = OnnxSession.open(affine(ExternalData.NEVER), SessionOptions.defaults())) {
            assertThat(session.inputs()).containsOnlyKeys("x");
            assertThat(session.inputs().get("x")).isEqualTo(new ValueShape("x", "FLOAT", List.of(-1L, 3L)));
            assertThat(session.outputs().get("y").dims()).containsExactly(-1L, 400L);
        }
    }

    @Test
    void open_wrongFiles_nameTheFile() throws IOException {
        // given
        Path text = Files.writeString(folder.resolve("text.onnx"), "this is no model");
        Path whole = affine(ExternalData.ALWAYS);
        Path orphan =
                Files.copy(whole, Files.createDirectory(folder.resolve("sub")).resolve("orphan.onnx"));
        // then
        for (Path path : List.of(text, orphan, folder.resolve("absent.onnx"), folder)) {
            assertThatThrownBy(() -> OnnxSession.open(path, SessionOptions.defaults()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageStartingWith(path.toString());
        }
    }

    @Test
    void run_wrongInputs_areRefused() {
        try (OnnxSession session = OnnxSession.open(affine(ExternalData.NEVER), SessionOptions.defaults())) {
            assertThatThrownBy(() -> session.run(Map.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[x]");
            assertThatThrownBy(() -> session.run(Map.of("x", OnnxTensorValue.of(new float[4], 1, 4))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[1, 4]");
            assertThatThrownBy(() -> session.run(Map.of("x", OnnxTensorValue.of(new long[3], 1, 3))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("FLOAT");
        }
    }

    @Test
    void close_twice_thenRunIsRefused() {
        // given
        OnnxSession session = OnnxSession.open(affine(ExternalData.NEVER), SessionOptions.defaults());
        // when
        session.close();
        session.close();
        // then
        assertThatThrownBy(() -> run(session))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("OnnxSession")
                .hasMessageContaining("affine.onnx");
    }

    @Test
    void close_whileOthersRun_waitsForThem() throws Exception {
        // given
        OnnxSession session = OnnxSession.open(affine(ExternalData.NEVER), SessionOptions.defaults());
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> runs = new ArrayList<>();
            Callable<Boolean> runUntilClosed = () -> {
                try {
                    while (true) {
                        assertThat(run(session)[0]).isEqualTo(3201f);
                    }
                } catch (IllegalStateException closed) {
                    return true;
                }
            };
            for (int i = 0; i < 4; i++) {
                runs.add(pool.submit(runUntilClosed));
            }
            run(session);
            // when
            session.close();
            // then
            for (Future<Boolean> run : runs) {
                assertThat(run.get()).isTrue();
            }
        }
    }

    @Test
    void open_forcedCudaWithoutIt_saysWhy_andAutoReportsTheProcessor() {
        Path model = affine(ExternalData.NEVER);
        SessionOptions auto = SessionOptions.defaults().withProvider(Provider.AUTO);
        try (OnnxSession session = OnnxSession.open(model, auto)) {
            assertThat(run(session)[0]).isEqualTo(3201f);
            assumeThat(session.provider()).as("a machine with CUDA").isEqualTo(Provider.CPU);
            assertThat(session.providerReport()).startsWith("CPU (CUDA cannot be used: ");
        }
        assertThatThrownBy(
                        () -> OnnxSession.open(model, SessionOptions.defaults().withProvider(Provider.CUDA)))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("CUDA was forced")
                .hasMessageContaining("CUDA");
        SessionOptions limited = auto.withProvider(Provider.CUDA).withGpuMemory(1L << 30);
        assertThatThrownBy(() -> OnnxSession.open(model, limited))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("CUDA was forced");
    }

    @Test
    void environment_isTheOneOfTheProcess() {
        assertThat(OrtRuntime.environment()).isSameAs(OrtEnvironment.getEnvironment());
        assertThat(OrtRuntime.environment().getVersion()).startsWith("1.29");
    }
}
