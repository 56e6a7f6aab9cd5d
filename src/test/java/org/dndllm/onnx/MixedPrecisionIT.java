package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.SessionOptions.Provider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class MixedPrecisionIT {
    @TempDir
    Path folder;

    /** y [1, 2, 3, 3] = w2 (tanh (conv3x3(x, w) + b)) + c, with the given largest weight instead of w's first. */
    private Path model(double first) {
        OnnxGraph graph = new OnnxGraph("model");
        String x = graph.input("x", OnnxType.FLOAT, 1, 2, 3, 3);
        String w = constant(graph, "w", i -> i == 0 && first != 0 ? first : Math.cos(2 * i + 1) / 3, 3, 2, 3, 3);
        String b = constant(graph, "b", i -> new double[] {0.1, -0.2, 0.3}[i], 3);
        String h = graph.node(
                "Conv", List.of(x, w, b), Map.of("kernel_shape", new long[] {3, 3}, "pads", new long[] {1, 1, 1, 1}));
        String w2 = constant(graph, "w2", i -> Math.sin(3 * i + 2), 2, 3, 1, 1);
        String z = graph.node("Conv", List.of(graph.node("Tanh", h), w2), Map.of("kernel_shape", new long[] {1, 1}));
        graph.namedNode("y", "Add", List.of(z, constant(graph, "c", i -> (i + 1) / 100.0, 2, 1, 1)), Map.of());
        graph.output("y", OnnxType.FLOAT, 1, 2, 3, 3);
        Path file = folder.resolve("model.onnx");
        graph.write(file);
        return file;
    }

    private static String constant(OnnxGraph graph, String name, IntToDoubleFunction value, long... shape) {
        List<Long> extents = java.util.Arrays.stream(shape).boxed().toList();
        float[] values =
                new float[extents.stream().reduce(1L, Math::multiplyExact).intValue()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value.applyAsDouble(i);
        }
        return graph.initializer(name, TensorView.ofFloats(name, extents, values));
    }

    private OnnxGraph reduced(Path model, Arithmetic arithmetic) {
        OnnxGraph graph = new OnnxGraph("reduced");
        String x = graph.input("x", OnnxType.FLOAT, 1, 2, 3, 3);
        String y = GraphPart.of(model).appendTo(graph, "part/", Map.of("x", x), "y", arithmetic, bytes -> {});
        graph.output(y, OnnxType.FLOAT, 1, 2, 3, 3);
        return graph;
    }

    private float[] run(OnnxGraph graph) {
        Path file = folder.resolve("reduced.onnx");
        graph.write(file);
        float[] x = new float[18];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i + 10);
        }
        try (OnnxSession session = OnnxSession.open(file, SessionOptions.defaults())) {
            return Objects.requireNonNull(session.run(Map.of("x", OnnxTensorValue.of(x, 1, 2, 3, 3)))
                            .get("part/y"))
                    .floats();
        }
    }

    /**
     * From numpy 2.4.6 and ml_dtypes 0.6.0: x, w, b, w2, both sums, tanh rounded to nearest even, products and sums in double
     * between; int8 with one step for each output. No value lies within 0.008 of a place in F16 of where rounding turns.
     */
    static Stream<Arguments> golden() {
        return Stream.of(
                Arguments.of(Precision.F16, new float[] {
                    0.5798242f,
                    0.6525781f,
                    0.5505273f,
                    0.4680078f,
                    0.4865625f,
                    0.6516016f,
                    0.569082f,
                    0.4968164f,
                    0.6100976f,
                    -0.5547071f,
                    -0.6318555f,
                    -0.5288281f,
                    -0.4328808f,
                    -0.4526562f,
                    -0.6455274f,
                    -0.5483594f,
                    -0.4704785f,
                    -0.5879102f
                }),
                Arguments.of(Precision.BF16, new float[] {
                    0.5803125f,
                    0.650625f,
                    0.5490625f,
                    0.4689844f,
                    0.4904687f,
                    0.6545312f,
                    0.5725f,
                    0.4963281f,
                    0.6076562f,
                    -0.5542188f,
                    -0.6284375f,
                    -0.5307813f,
                    -0.4350781f,
                    -0.4565625f,
                    -0.6479688f,
                    -0.5503125f,
                    -0.4702344f,
                    -0.5854688f
                }),
                Arguments.of(Precision.INT8, new float[] {
                    0.5768462f,
                    0.6521636f,
                    0.5527166f,
                    0.4735836f,
                    0.4909275f,
                    0.6518232f,
                    0.5660136f,
                    0.4936571f,
                    0.60796f,
                    -0.551653f,
                    -0.632121f,
                    -0.5308647f,
                    -0.4386288f,
                    -0.4569948f,
                    -0.645722f,
                    -0.5444217f,
                    -0.4669743f,
                    -0.585227f
                }));
    }

    @ParameterizedTest
    @MethodSource("golden")
    void append_onTheProcessor_roundsAsTheReferenceDoes(Precision precision, float[] expected) {
        float[] y = run(reduced(model(0), Arithmetic.of(precision, Provider.CPU)));

        assertThat(y).containsExactly(expected, offset(2e-6f));
    }

    @Test
    void append_forCuda_sixteenBitsFromTheFirstProductToTheLast() {
        OnnxGraph graph = reduced(model(0), Arithmetic.of(Precision.AUTO, Provider.CUDA));

        assertThat(graph.nodes())
                .extracting(OnnxGraph.Node::op)
                .containsExactly("Cast", "Conv", "Tanh", "Conv", "Cast", "Add");
        Map<String, OnnxType> types = new java.util.HashMap<>();
        graph.initializers().forEach(constant -> types.put(constant.name(), constant.type()));
        assertThat(types)
                .containsEntry("part/w.narrow", OnnxType.FLOAT16)
                .containsEntry("part/b.narrow", OnnxType.FLOAT16)
                .containsEntry("part/c", OnnxType.FLOAT);
        assertThat(graph.operators()).isEqualTo(ModelFile.OPSET);
        // ONNX Runtime's own casts lie elsewhere on the processor: near, not equal
        float[] f16 = (float[]) golden().findFirst().orElseThrow().get()[1];
        assertThat(run(graph)).containsExactly(f16, offset(2e-3f));
    }

    @Test
    void append_bfloat16ForCuda_needsTheOperatorSetThatHasIt() {
        OnnxGraph graph = reduced(model(0), Arithmetic.of(Precision.BF16, Provider.CUDA));

        assertThat(graph.operators()).isEqualTo(22);
        assertThat(graph.initializers())
                .filteredOn(constant -> constant.type() == OnnxType.BFLOAT16)
                .hasSize(3);
    }

    @Test
    void append_f32_isTheModelItself() {
        OnnxGraph graph = reduced(model(0), Arithmetic.of(Precision.AUTO, Provider.CPU));

        assertThat(graph.nodes()).extracting(OnnxGraph.Node::op).containsExactly("Conv", "Tanh", "Conv", "Add");
    }

    @Test
    void write_weightBeyondHalf_refusedNamingTensorValueAndWayOut() {
        OnnxGraph f16 = reduced(model(70_000), Arithmetic.of(Precision.F16, Provider.CUDA));
        assertThatThrownBy(() -> f16.write(folder.resolve("never.onnx")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("model.onnx")
                .hasMessageContaining("w: value 0 is 70000.0")
                .hasMessageContaining("FLOAT16")
                .hasMessageContaining("--precision f32, or bf16");
        assertThat(folder.resolve("never.onnx")).doesNotExist();
        // 65,519 still rounds to the largest half, and bfloat16 takes it all
        assertThat(run(reduced(model(65_519), Arithmetic.of(Precision.F16, Provider.CPU))))
                .doesNotContain(Float.NaN);
        assertThat(run(reduced(model(70_000), Arithmetic.of(Precision.BF16, Provider.CPU))))
                .doesNotContain(Float.NaN);
    }

    @Test
    void write_infiniteWeight_refusedInEightBits() {
        OnnxGraph graph = reduced(model(Double.POSITIVE_INFINITY), Arithmetic.of(Precision.INT8, Provider.CPU));
        assertThatThrownBy(() -> graph.write(folder.resolve("never.onnx")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("w: value 0 is Infinity");
    }
}
