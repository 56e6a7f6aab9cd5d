package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.dndllm.format.FormatFixtures.expected;
import static org.dndllm.format.FormatFixtures.golden;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TorchArchiveTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "single.pt",
                "state_dict.pth",
                "nested.pt",
                "views.pt",
                "dtypes.pt",
                "parameter.pt",
                "protocol4.pt",
                "protocol5.pt"
            })
    void open_fileOfTorch_readsEveryTensorToTheLastByte(String name) {
        // given
        JsonValue.Obj golden = expected().object("pt").object(name);
        // when
        try (TorchArchive archive = TorchArchive.open(golden(folder, name))) {
            // then
            assertThat(archive.tensors().keySet())
                    .containsExactlyElementsOf(golden.members().keySet());
            archive.tensors().forEach((path, tensor) -> {
                assertThat(tensor.name()).isEqualTo(path);
                FormatFixtures.assertTensor(tensor, golden.object(path));
            });
        }
    }

    @Test
    void root_nestedPlainData_becomesPlainJava() {
        try (TorchArchive archive = TorchArchive.open(golden(folder, "nested.pt"))) {
            assertThat(archive.root()).isInstanceOfSatisfying(Map.class, root -> {
                assertThat(root.get("epoch")).isEqualTo(3L);
                assertThat(root.get("loss")).isEqualTo(0.25);
                assertThat(root.get("name")).isEqualTo("nano ü");
                assertThat(root.get("done")).isEqualTo(true);
                assertThat(root.get("none")).isEqualTo(Optional.empty());
                assertThat(root.get("big")).isEqualTo(1L << 40);
                assertThat(root.get("neg")).isEqualTo(-5L);
                assertThat(root.get("shape")).isEqualTo(List.of(2L, 3L));
                assertThat(root.get("dtype")).isEqualTo("torch.bfloat16");
            });
        }
    }

    @Test
    void root_singleTensor_hasEmptyName() {
        try (TorchArchive archive = TorchArchive.open(golden(folder, "single.pt"))) {
            assertThat(archive.root()).isInstanceOf(TensorView.class);
            assertThat(archive.tensors()).containsOnlyKeys("");
        }
    }

    @Test
    void open_transposedView_isRowMajor() {
        try (TorchArchive archive = TorchArchive.open(golden(folder, "views.pt"))) {
            float[] base = archive.tensors().get("same").toFloats(); // [4, 6]
            float[] transposed = archive.tensors().get("t").toFloats(); // [6, 4]
            for (int row = 0; row < 4; row++) {
                for (int column = 0; column < 6; column++) {
                    assertThat(transposed[column * 4 + row]).isEqualTo(base[row * 6 + column]);
                }
            }
        }
    }

    @Test
    void open_legacyFormat_saysHowToSaveAgain() {
        Path file = golden(folder, "legacy.pt");
        assertThatThrownBy(() -> TorchArchive.open(file).close())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("torch.save(torch.load(");
    }

    @Test
    void close_twice_thenUseIsRefused() {
        TorchArchive archive = TorchArchive.open(golden(folder, "single.pt"));
        TensorView tensor = archive.tensors().get("");
        archive.close();
        archive.close();
        assertThatThrownBy(archive::root)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("TorchArchive");
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"criterion_weight_0.5B_ARC-c.pt", "criterion_weight_7B_Math_QA.pt"})
    void open_officialCriterionWeight_readsToTheLastValue(String name) {
        // given
        Path file = Path.of(System.getProperty("dnd.root", "."), "..", "shared", "data", "pt", name);
        Assumptions.assumeTrue(Files.exists(file), () -> "the official file " + name + " is not on this machine");
        JsonValue.Obj golden = expected().object("real").object(name);
        // when
        try (TorchArchive archive = TorchArchive.open(file)) {
            // then
            TensorView tensor = archive.tensors().get("");
            FormatFixtures.assertTensor(tensor, golden);
            float[] values = tensor.toFloats();
            double sum = 0;
            for (float value : values) {
                sum += value;
            }
            assertThat(values[0]).isEqualTo((float) golden.number("first"));
            assertThat(values[values.length - 1]).isEqualTo((float) golden.number("last"));
            // Sums of doubles in another order differ in the last bits only.
            assertThat(sum).isCloseTo(golden.number("sum"), within(1e-9));
        }
    }
}
