package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we write, read back by the generated protobuf classes of tribuo-util-onnx 4.3.2. */
class OnnxGraphTest {
    @TempDir
    Path folder;

    private static OnnxGraph sample() {
        OnnxGraph graph = new OnnxGraph("sample");
        String x = graph.input("x", OnnxType.FLOAT, "batch", 4, 300L);
        String w = graph.initializer("w", TensorView.ofFloats("w", List.of(300L, 2L), filled(600)));
        String half =
                graph.initializer("half", TensorView.ofFloats("half", DType.F16, List.of(2L), new float[] {1, 2}));
        String y = graph.node("MatMul", x, w);
        String cast = graph.node("Cast", List.of(half), Map.of("to", 1));
        String sum = graph.node("Add", y, cast);
        List<String> parts = graph.node("Split", List.of(sum, graph.longs("sizes", 1, -1 + 2)), Map.of("axis", -1), 2);
        String scaled = graph.node("Mul", parts.get(0), graph.scalar("factor", 0.5f));
        graph.namedNode("out", "Concat", List.of(scaled, parts.get(1)), Map.of("axis", 2L));
        graph.output("out", OnnxType.FLOAT, "batch", 4, 2);
        return graph;
    }

    private static float[] filled(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * 0.25f - 7;
        }
        return values;
    }

    @Test
    void toBytes_parsed_hasEveryField() throws InvalidProtocolBufferException {
        // when
        OnnxMl.ModelProto model = OnnxMl.ModelProto.parseFrom(sample().toBytes());
        // then
        assertThat(model.getIrVersion()).isEqualTo(10);
        assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(21);
        assertThat(model.getOpsetImport(0).getDomain()).isEmpty();
        OnnxMl.GraphProto graph = model.getGraph();
        assertThat(graph.getName()).isEqualTo("sample");
        assertThat(graph.getInput(0).getName()).isEqualTo("x");
        var shape = graph.getInput(0).getType().getTensorType().getShape();
        assertThat(shape.getDim(0).getDimParam()).isEqualTo("batch");
        assertThat(shape.getDim(2).getDimValue()).isEqualTo(300);
        assertThat(graph.getOutput(0).getName()).isEqualTo("out");
        assertThat(graph.getNodeList())
                .extracting(OnnxMl.NodeProto::getOpType)
                .containsExactly("MatMul", "Cast", "Add", "Split", "Mul", "Concat");
        assertThat(graph.getNode(3).getOutputList()).containsExactly("split_1.0", "split_1.1");
        assertThat(graph.getNode(3).getAttribute(0).getI()).isEqualTo(-1);
        OnnxMl.TensorProto w = graph.getInitializer(0);
        assertThat(w.getDimsList()).containsExactly(300L, 2L);
        assertThat(w.getDataType()).isEqualTo(OnnxMl.TensorProto.DataType.FLOAT_VALUE);
        assertThat(floats(w.getRawData().toByteArray())).containsExactly(filled(600));
        assertThat(graph.getInitializer(1).getDataType()).isEqualTo(OnnxMl.TensorProto.DataType.FLOAT16_VALUE);
        assertThat(model.getUnknownFields().asMap()).isEmpty();
    }

    @Test
    void attributes_everyType_areReadBack() throws InvalidProtocolBufferException {
        // given
        OnnxGraph graph = new OnnxGraph("attributes");
        String x = graph.input("x", OnnxType.INT64, 1);
        Map<String, Object> attributes = Map.of(
                "int",
                3,
                "long",
                Long.MIN_VALUE,
                "float",
                0.1f,
                "double",
                0.5,
                "text",
                "grüße",
                "ints",
                new int[] {1, -2},
                "longs",
                new long[] {},
                "list",
                List.of(4, 5L),
                "floats",
                new float[] {1.5f});
        graph.node("Anything", List.of(x, "", x), attributes);
        // when
        OnnxMl.NodeProto node =
                OnnxMl.ModelProto.parseFrom(graph.toBytes()).getGraph().getNode(0);
        // then
        assertThat(node.getInputList()).containsExactly("x", "", "x");
        assertThat(node.getAttributeList())
                .extracting(OnnxMl.AttributeProto::getName)
                .containsExactly("double", "float", "floats", "int", "ints", "list", "long", "longs", "text");
        assertThat(node.getAttribute(0).getF()).isEqualTo(0.5f);
        assertThat(node.getAttribute(1).getF()).isEqualTo(0.1f);
        assertThat(node.getAttribute(1).getType()).isEqualTo(OnnxMl.AttributeProto.AttributeType.FLOAT);
        assertThat(node.getAttribute(2).getFloatsList()).containsExactly(1.5f);
        assertThat(node.getAttribute(3).getI()).isEqualTo(3);
        assertThat(node.getAttribute(4).getIntsList()).containsExactly(1L, -2L);
        assertThat(node.getAttribute(5).getIntsList()).containsExactly(4L, 5L);
        assertThat(node.getAttribute(6).getI()).isEqualTo(Long.MIN_VALUE);
        assertThat(node.getAttribute(7).getType()).isEqualTo(OnnxMl.AttributeProto.AttributeType.INTS);
        assertThat(node.getAttribute(8).getS().toStringUtf8()).isEqualTo("grüße");
    }

    @Test
    void toBytes_sameCalls_sameBytes() {
        assertThat(sample().toBytes()).isEqualTo(sample().toBytes());
    }

    @Test
    void write_externalAlways_keepsSmallInsideAndAlignsTheRest() throws IOException {
        // given
        Path target = folder.resolve("m.onnx");
        // when
        sample().write(target, ExternalData.ALWAYS);
        // then
        OnnxMl.GraphProto graph =
                OnnxMl.ModelProto.parseFrom(Files.readAllBytes(target)).getGraph();
        OnnxMl.TensorProto w = graph.getInitializer(0);
        assertThat(w.getDataLocation()).isEqualTo(OnnxMl.TensorProto.DataLocation.EXTERNAL);
        assertThat(w.getExternalDataList())
                .extracting(entry -> entry.getKey() + "=" + entry.getValue())
                .containsExactly("location=m.onnx.data", "offset=0", "length=2400");
        assertThat(floats(Files.readAllBytes(folder.resolve("m.onnx.data")))).containsExactly(filled(600));
        assertThat(graph.getInitializer(2).getDataLocation()).isEqualTo(OnnxMl.TensorProto.DataLocation.DEFAULT);
        assertThat(graph.getInitializer(2).getRawData().size()).isEqualTo(16);
    }

    @Test
    void write_auto_staysInside() {
        // when
        sample().write(folder.resolve("m.onnx"));
        // then
        assertThat(folder.resolve("m.onnx")).isRegularFile();
        assertThat(folder.resolve("m.onnx.data")).doesNotExist();
    }

    @Test
    void offsets_beyondTwoGigabytes_areAlignedAndDoNotOverlap() {
        // given: 4.5 GB in odd sizes; nothing is allocated, sources are never asked
        InitializerSource never = sink -> {
            throw new AssertionError("not asked for offsets");
        };
        List<Initializer> large = List.of(
                new Initializer("a", OnnxType.FLOAT, List.of(700_000_001L), never),
                new Initializer("small", OnnxType.INT64, List.of(4L), never),
                new Initializer("b", OnnxType.FLOAT, List.of(425_000_003L), never),
                new Initializer("c", OnnxType.BOOL, List.of(1024L), never));
        // when
        Map<String, Long> offsets = ModelFile.offsets(large);
        // then
        assertThat(offsets).containsOnlyKeys("a", "b", "c");
        assertThat(offsets.get("a")).isZero();
        assertThat(offsets.get("b")).isEqualTo(2_800_000_064L);
        assertThat(offsets.get("c")).isEqualTo(4_500_000_128L);
        assertThat(offsets.values()).allMatch(offset -> offset % 64 == 0);
    }

    @Test
    void write_sourceGivesTooLittle_leavesNoModel() {
        // given
        OnnxGraph graph = new OnnxGraph("short");
        graph.initializer("w", OnnxType.FLOAT, List.of(1000L), sink -> {});
        // then
        assertThatThrownBy(() -> graph.write(folder.resolve("m.onnx"), ExternalData.ALWAYS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("w")
                .hasMessageContaining("4000");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void toBytes_aboveThreshold_isRefused() {
        OnnxGraph graph = new OnnxGraph("large");
        graph.initializer("w", OnnxType.FLOAT, List.of(1L << 27), sink -> {});
        assertThatThrownBy(graph::toBytes)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("large");
    }

    @Test
    void misuse_isRefusedAtOnce() {
        OnnxGraph graph = new OnnxGraph("misuse");
        graph.input("x", OnnxType.FLOAT, 1);
        assertMisuse(() -> graph.node("Add", "x", "nobody"), "nobody");
        assertMisuse(() -> graph.input("x", OnnxType.FLOAT, 1), "twice");
        assertMisuse(() -> graph.longs("x", 1), "twice");
        assertMisuse(() -> graph.output("z", OnnxType.FLOAT, 1), "z");
        assertMisuse(() -> graph.input("y", OnnxType.FLOAT, -1), "-1");
        assertMisuse(() -> graph.node("Op", List.of("x"), Map.of("bad", new Object())), "bad");
        assertMisuse(() -> graph.initializer("u", OnnxType.FLOAT, List.of(-3L), sink -> {}), "-3");
        assertMisuse(() -> OnnxType.of(DType.U64), "U64");
    }

    private static void assertMisuse(ThrowingCallable call, String part) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(part);
    }

    private static float[] floats(byte[] bytes) {
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }
}
