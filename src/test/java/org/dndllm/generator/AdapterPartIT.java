package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.AdapterFrame;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.TargetModule;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Detokenisation in ONNX operators against the one in Java, byte for byte in the GGUF file. */
class AdapterPartIT {
    private static final BaseShape SHAPE = new BaseShape("qwen2", 3, 40, 2, 1, 20, 60, 300, true);

    @TempDir
    Path folder;

    /** Odd and even ranks (their borders have different rows), chunks that divide the widths and ones that do not. */
    static Stream<Arguments> cases() {
        List<TargetModule> some = List.of(TargetModule.K_PROJ, TargetModule.DOWN_PROJ);
        List<TargetModule> all = List.of(TargetModule.values());
        return Stream.of(
                        AdapterLayout.of(SHAPE, 4, 8, all, 32),
                        AdapterLayout.of(SHAPE, 3, 8, some, 20),
                        AdapterLayout.of(SHAPE, 1, 2, all, 46),
                        AdapterLayout.plain(SHAPE, 4, 8, all, 20),
                        AdapterLayout.plain(SHAPE, 3, 1.5f, some, 4))
                .flatMap(layout ->
                        Stream.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16).map(type -> Arguments.of(layout, type)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void append_anyTokens_givesTheFileThatTheSeparateStepsWrite(AdapterLayout layout, GgmlType type) {
        // given: tokens whose copies of the scales differ, as a generator's do
        long seed = 20261127;
        float[] tokens = GeneratorFixtures.normal(new Random(seed), layout.size());
        AdapterFrame frame = GgufAdapter.frame(layout, type);
        OnnxGraph graph = new OnnxGraph("test");
        String input = graph.input("tokens", OnnxType.FLOAT, 1, layout.tokens(), layout.rows(), layout.columns());
        AdapterPart.append(graph, layout, frame, input, "adapter");
        Path model = folder.resolve("adapter.onnx");
        graph.write(model);
        try (OnnxSession session = OnnxSession.open(model, SessionOptions.defaults());
                Arena arena = Arena.ofConfined()) {
            MemorySegment file = frame.file(arena);
            // when
            session.run(
                    Map.of("tokens", OnnxTensorValue.of(tokens, 1, layout.tokens(), layout.rows(), layout.columns())),
                    Map.of("adapter", frame.data(file)));
            // then
            MemorySegment expected = GgufAdapter.toMemory(layout.detokenize(tokens, DType.BF16), type, arena);
            assertThat(file.toArray(ValueLayout.JAVA_BYTE))
                    .as("seed %d", seed)
                    .isEqualTo(expected.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void frame_blocksOfValues_refused() {
        AdapterLayout layout = AdapterLayout.plain(SHAPE, 4, 8, List.of(TargetModule.Q_PROJ), 20);
        assertThatThrownBy(() -> GgufAdapter.frame(layout, GgmlType.Q8_0))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("Q8_0");
    }
}
