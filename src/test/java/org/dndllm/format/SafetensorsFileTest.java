package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.format.FormatFixtures.expected;
import static org.dndllm.format.FormatFixtures.golden;
import static org.dndllm.format.FormatFixtures.resource;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"reference.safetensors", "metadata.safetensors", "nothing.safetensors"})
    void open_fileOfTheReference_readsEveryByte(String name) {
        // given
        JsonValue.Obj golden = expected().object("safetensors").object(name);
        JsonValue.Obj tensors = golden.object("tensors");
        // when
        try (SafetensorsFile file = SafetensorsFile.open(golden(folder, name))) {
            // then
            assertThat(file.names())
                    .containsExactlyInAnyOrderElementsOf(tensors.members().keySet());
            for (String tensor : file.names()) {
                FormatFixtures.assertTensor(file.tensor(tensor), tensors.object(tensor));
            }
            JsonValue.Obj metadata = golden.object("metadata");
            assertThat(file.metadata().keySet()).isEqualTo(metadata.members().keySet());
            file.metadata().forEach((key, value) -> assertThat(value).isEqualTo(metadata.string(key)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference.safetensors", "nothing.safetensors"})
    void write_tensorsOfTheReference_givesTheSameBytes(String name) throws IOException {
        // given tensors in any order
        Path target = folder.resolve("out").resolve(name);
        try (SafetensorsFile file = SafetensorsFile.open(golden(folder, name))) {
            List<TensorView> tensors =
                    new ArrayList<>(file.names().stream().map(file::tensor).toList());
            Collections.shuffle(tensors, new Random(5));
            // when
            SafetensorsWriter.write(target, tensors, file.metadata());
        }
        // then
        assertThat(Files.readAllBytes(target)).isEqualTo(resource(name));
    }

    @Test
    void write_floats_roundTripThroughEveryFloatType() {
        // given values that every type holds exactly
        float[] values = {0f, -0f, 1f, -2.5f, 1.0078125f, Float.NEGATIVE_INFINITY}; // [2, 3]
        Path target = folder.resolve("x.safetensors");
        List<TensorView> tensors = List.of(
                TensorView.ofFloats("a", List.of(2L, 3L), values),
                TensorView.ofFloats("b", DType.F16, List.of(2L, 3L), values),
                TensorView.ofFloats("c", DType.BF16, List.of(6L), values));
        // when
        SafetensorsWriter.write(target, tensors, Map.of("k", "v"));
        // then
        try (SafetensorsFile file = SafetensorsFile.open(target)) {
            assertThat(file.names()).containsExactly("a", "c", "b");
            for (String name : file.names()) {
                assertThat(file.tensor(name).toFloats()).containsExactly(values);
                assertThat(file.tensor(name).elements()).isEqualTo(6);
            }
            assertThat(file.metadata()).containsEntry("k", "v");
        }
    }

    @Test
    void write_twoTensorsOfOneName_refused() {
        TensorView tensor = TensorView.ofFloats("a", List.of(1L), new float[1]);
        assertThatThrownBy(() -> SafetensorsWriter.write(folder.resolve("x"), List.of(tensor, tensor), Map.of()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("a: two tensors");
        assertThatThrownBy(() -> SafetensorsWriter.write(
                        folder.resolve("x"), List.of(tensor.withName("__metadata__")), Map.of()))
                .isInstanceOf(InvalidInputException.class);
        assertThat(folder.resolve("x")).doesNotExist();
    }

    @Test
    void close_twice_thenUseIsRefused() {
        SafetensorsFile file = SafetensorsFile.open(golden(folder, "metadata.safetensors"));
        TensorView view = file.tensor("x");
        file.close();
        file.close();
        assertThatThrownBy(() -> file.tensor("x"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("SafetensorsFile");
        assertThatThrownBy(view::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void tensor_unknownName_namesFileAndTensor() {
        try (SafetensorsFile file =
                SafetensorsFile.of(MemorySegment.ofArray(resource("metadata.safetensors")), "<memory>")) {
            assertThatThrownBy(() -> file.tensor("y"))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("<memory>: y");
            assertThat(file.has("x")).isTrue();
            assertThat(file.has("__metadata__")).isFalse();
        }
    }

    @Test
    void tensor_shapeAndMemoryDisagree_isAProgrammersError() {
        assertThatThrownBy(() -> TensorView.ofFloats("a", List.of(3L), new float[2]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
