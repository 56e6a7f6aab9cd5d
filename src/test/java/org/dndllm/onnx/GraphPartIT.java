package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GraphPartIT {
    @TempDir
    Path folder;

    /** y = leaky(x * w) with attributes of several types, and an output z that needs a constant of its own. */
    private Path part(ExternalData where) {
        OnnxGraph graph = new OnnxGraph("part");
        float[] w = new float[512];
        for (int i = 0; i < w.length; i++) {
            w[i] = i - 255.5f;
        }
        String x = graph.input("x", OnnxType.FLOAT, 512);
        String product = graph.node("Mul", x, graph.initializer("w", TensorView.ofFloats("w", List.of(512L), w)));
        graph.namedNode("y", "LeakyRelu", List.of(product), Map.of("alpha", 0.5f));
        graph.output("y", OnnxType.FLOAT, 512);
        String folded = graph.node("Reshape", product, graph.longs("shape", 2, 256));
        graph.namedNode("z", "Transpose", List.of(folded), Map.of("perm", new long[] {1, 0}));
        graph.output("z", OnnxType.FLOAT, 256, 2);
        Path file = folder.resolve("part.onnx");
        graph.write(file, where);
        return file;
    }

    @ParameterizedTest
    @EnumSource(ExternalData.class)
    void appendTo_twice_runsWithItsOwnConstantsAndOnlyWhatIsNeeded(ExternalData where) {
        // given
        GraphPart part = GraphPart.of(part(where));
        OnnxGraph graph = new OnnxGraph("whole");
        String x = graph.input("x", OnnxType.FLOAT, 512);
        long[] streamed = {0};
        // when
        String once =
                part.appendTo(graph, "one/", Map.of("x", x), "y", Arithmetic.PLAIN, bytes -> streamed[0] += bytes);
        String twice = part.appendTo(graph, "two/", Map.of("x", once), "z", Arithmetic.PLAIN, bytes -> {});
        graph.output(once, OnnxType.FLOAT, 512);
        graph.output(twice, OnnxType.FLOAT, 256, 2);
        Path whole = folder.resolve("whole.onnx");
        graph.write(whole);
        // then
        assertThat(streamed[0]).isEqualTo(512 * Float.BYTES);
        assertThat(graph.initializers()).extracting(Initializer::name).containsExactly("one/w", "two/w", "two/shape");
        float[] input = new float[512];
        Arrays.fill(input, 2);
        try (OnnxSession session = OnnxSession.open(whole, SessionOptions.defaults());
                Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocate(512 * Float.BYTES);
            Map<String, OnnxTensorValue> rest =
                    session.run(Map.of("x", OnnxTensorValue.of(input, 512)), Map.of("one/y", place));
            assertThat(rest).containsOnlyKeys("two/z");
            float[] y = place.toArray(ValueLayout.JAVA_FLOAT);
            assertThat(y[0]).isEqualTo(-255.5f);
            assertThat(y[511]).isEqualTo(511f);
            // row 0 of z: elements 0 and 256 of y * w
            assertThat(rest.get("two/z").floats()).startsWith(-255.5f * -255.5f, 1f * 0.5f);
            assertThat(rest.get("two/z").floats()[2]).isEqualTo(-254.5f * -254.5f);
        }
    }

    @Test
    void run_placeThatDoesNotFit_refused() {
        Path file = part(ExternalData.NEVER);
        Map<String, OnnxTensorValue> input = Map.of("x", OnnxTensorValue.of(new float[512], 512));
        try (OnnxSession session = OnnxSession.open(file, SessionOptions.defaults());
                Arena arena = Arena.ofConfined()) {
            for (MemorySegment wrong : List.of(arena.allocate(2044), MemorySegment.ofArray(new byte[2048]))) {
                assertThatThrownBy(() -> session.run(input, Map.of("y", wrong)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("output y");
            }
            MemorySegment place = arena.allocate(2048);
            assertThatThrownBy(() -> session.run(input, Map.of("other", place)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("output other");
        }
    }

    @Test
    void appendTo_otherInputsOrOutput_refused() {
        GraphPart part = GraphPart.of(part(ExternalData.NEVER));
        OnnxGraph graph = new OnnxGraph("whole");
        String x = graph.input("x", OnnxType.FLOAT, 512);

        assertThatThrownBy(() -> part.appendTo(graph, "a/", Map.of("q", x), "y", Arithmetic.PLAIN, bytes -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("part.onnx")
                .hasMessageContaining("[q]");
        assertThatThrownBy(() -> part.appendTo(graph, "a/", Map.of("x", x), "q", Arithmetic.PLAIN, bytes -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("expected q");
    }

    @Test
    void of_otherOperatorSetOrUndefinedValue_refused() throws IOException {
        // given
        ProtoWriter node =
                new ProtoWriter().text(1, "nowhere").text(2, "y").text(3, "n").text(4, "Neg");
        ProtoWriter graph = new ProtoWriter().message(1, node).message(12, new ProtoWriter().text(1, "y"));
        Path old = model(graph, 17);
        Path open = model(graph, ModelFile.OPSET);
        // when, then
        assertThatThrownBy(() -> GraphPart.of(old))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("version 17");
        assertThatThrownBy(() -> GraphPart.of(open)
                        .appendTo(new OnnxGraph("whole"), "a/", Map.of(), "y", Arithmetic.PLAIN, bytes -> {}))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("nowhere");
    }

    private Path model(ProtoWriter graph, int operators) throws IOException {
        byte[] bytes = new ProtoWriter()
                .message(7, graph)
                .message(8, new ProtoWriter().text(1, "").integer(2, operators))
                .toBytes();
        return Files.write(folder.resolve("operators" + operators + ".onnx"), bytes);
    }
}
