package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class OnnxConstantsTest {
    private static final float[] LARGE = new float[4096];

    static {
        for (int i = 0; i < LARGE.length; i++) {
            LARGE[i] = i - 7.5f;
        }
    }

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(ExternalData.class)
    void read_writtenGraph_givesItsFloats(ExternalData where) {
        Path file = write(where);

        OnnxConstants constants = OnnxConstants.of(file);

        assertThat(constants.names()).contains("small", "large").doesNotContain("axes");
        assertThat(constants.read("small").toFloats()).containsExactly(1, -2, 3);
        assertThat(constants.read("large").shape()).containsExactly(64L, 64L);
        assertThat(constants.read("large").toFloats()).isEqualTo(LARGE);
    }

    @ParameterizedTest
    @EnumSource(ExternalData.class)
    void map_writtenGraph_givesItsFloats(ExternalData where) {
        Path file = write(where);
        OnnxConstants constants = OnnxConstants.of(file);

        try (Arena arena = Arena.ofConfined()) {
            assertThat(constants.map("small", arena).toFloats()).containsExactly(1, -2, 3);
            assertThat(constants.map("large", arena).toFloats()).isEqualTo(LARGE);
        }
        assertThat(constants.shape("large")).containsExactly(64L, 64L);
    }

    @Test
    void map_cutShort_refused() throws IOException {
        Path file = write(ExternalData.ALWAYS);
        Path data = folder.resolve("graph.onnx.data");
        Files.write(data, java.util.Arrays.copyOf(Files.readAllBytes(data), 100));

        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> OnnxConstants.of(file).map("large", arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("ends before its last value");
        }
    }

    @Test
    void read_unknownOrCutShort_refused() throws IOException {
        Path file = write(ExternalData.ALWAYS);
        OnnxConstants constants = OnnxConstants.of(file);
        Path data = folder.resolve("graph.onnx.data");
        Files.write(data, java.util.Arrays.copyOf(Files.readAllBytes(data), 100));

        assertThatThrownBy(() -> constants.read("other"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("other");
        assertThatThrownBy(() -> constants.read("large"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("ends before its last value");
    }

    @Test
    void of_missingFile_refused() {
        assertThatThrownBy(() -> OnnxConstants.of(folder.resolve("none")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("none");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 1000, 10_000})
    void of_cutFile_refused(int bytes) throws IOException {
        Path file = write(ExternalData.NEVER);
        Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), bytes));

        assertThatThrownBy(() -> OnnxConstants.of(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no ONNX file");
    }

    @Test
    void of_foreignBytes_refused() throws IOException {
        Path file = folder.resolve("noise");
        byte[] noise = new byte[4000];
        new java.util.Random(3).nextBytes(noise);
        Files.write(file, noise);

        assertThatThrownBy(() -> OnnxConstants.of(file)).isInstanceOf(InvalidInputException.class);
    }

    private Path write(ExternalData where) {
        OnnxGraph graph = new OnnxGraph("test");
        String x = graph.input("x", OnnxType.FLOAT, 64);
        graph.initializer(
                "small", OnnxType.FLOAT, List.of(3L), sink -> sink.put(MemorySegment.ofArray(new float[] {1, -2, 3})));
        String large = graph.initializer(
                "large", OnnxType.FLOAT, List.of(64L, 64L), sink -> sink.put(MemorySegment.ofArray(LARGE)));
        graph.longs("axes", 0);
        graph.namedNode("y", "Add", List.of(x, large), java.util.Map.of());
        graph.output("y", OnnxType.FLOAT, 64, 64);
        Path file = folder.resolve("graph.onnx");
        graph.write(file, where);
        return file;
    }
}
