package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GgufAdapterTest {
    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "F16", "BF16"})
    void read_writtenInExactType_givesSameWeights(DType dtype, @TempDir Path folder) {
        // given
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 4, 8, LoraFixtures.ALL, dtype, 3);
        Path path = folder.resolve("adapter.gguf");

        // when
        GgufAdapter.write(path, weights, GgufAdapter.exactType(weights));

        // then
        try (GgufFile file = GgufFile.open(path)) {
            LoraWeights back = GgufAdapter.read(file, LoraFixtures.TINY);
            assertThat(LoraFixtures.sameValues(back, weights)).isTrue();
            assertThat(back.dtype()).isEqualTo(dtype);
        }
    }

    @Test
    void toMemory_officialTarget_hasAllPairsInLlamaLayout() {
        // given
        AdapterLayout layout = AdapterLayout.preset("qwen2.5-0.5b-commonsense");
        LoraWeights weights = LoraFixtures.random(layout.shape(), 8, 16, LoraFixtures.ALL, DType.BF16, 4);
        try (Arena arena = Arena.ofConfined()) {
            // when
            MemorySegment bytes = GgufAdapter.toMemory(weights, GgmlType.F16, arena);

            // then
            GgufFile file = GgufFile.of(bytes, "memory");
            AdapterSummary summary = GgufAdapter.validate(file, BaseTensors.of(layout.shape()));
            assertThat(bytes.byteSize()).isEqualTo(GgufAdapter.size(weights, GgmlType.F16));
            assertThat(summary.parameters()).isEqualTo(4_399_104);
            assertThat(summary.pairs()).isEqualTo(24 * 7);
            assertThat(summary.modules()).hasSize(7);
            assertThat(file.tensor("blk.23.ffn_down.weight.lora_a")
                            .orElseThrow()
                            .dims())
                    .isEqualTo(List.of(4864L, 8L));
            assertThat(file.tensor("blk.23.ffn_down.weight.lora_b")
                            .orElseThrow()
                            .dims())
                    .isEqualTo(List.of(8L, 896L));
            assertThat(file.number("adapter.lora.alpha")).isEqualTo(16.0);
        }
    }

    @Test
    void toMemory_q8_quantizesOnlyRowsOfWholeBlocks() {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 4, 8, LoraFixtures.ALL, DType.F32, 5);
        try (Arena arena = Arena.ofConfined()) {
            GgufFile file = GgufFile.of(GgufAdapter.toMemory(weights, GgmlType.Q8_0, arena), "memory");
            for (GgufTensor tensor : file.tensors()) {
                assertThat(tensor.type()).isEqualTo(tensor.name().endsWith("a") ? GgmlType.Q8_0 : GgmlType.F16);
            }
            LoraWeights back = GgufAdapter.read(file, LoraFixtures.TINY);
            assertThat(back.dtype()).isEqualTo(DType.F32);
            float[] before = weights.tensors().getFirst().a();
            float[] after = back.tensors().getFirst().a();
            for (int i = 0; i < before.length; i++) {
                // Half a step of a block whose largest value is about 0.2, plus the scale's own rounding.
                assertThat(after[i]).isCloseTo(before[i], org.assertj.core.data.Offset.offset(0.0015f));
            }
        }
    }

    @Test
    void toMemory_reusedMemory_givesSameBytes() {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 4, 8, LoraFixtures.ALL, DType.F16, 6);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fresh = GgufAdapter.toMemory(weights, GgmlType.F16, arena);
            MemorySegment kept = arena.allocate(fresh.byteSize() + 100);
            kept.fill((byte) 7);
            assertThat(GgufAdapter.toMemory(weights, GgmlType.F16, kept).mismatch(fresh))
                    .isEqualTo(-1);
        }
    }

    @Test
    void toMemory_beyondF16_throws() {
        BaseShape shape = new BaseShape("qwen2", 1, 4, 1, 1, 4, 4, 8, true);
        LoraWeights weights = LoraWeights.of(
                shape,
                1,
                1,
                DType.F32,
                List.of(new LoraTensor(0, TargetModule.Q_PROJ, new float[] {70_000, 0, 0, 0}, new float[4])));
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> GgufAdapter.toMemory(weights, GgmlType.F16, arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("choose F32");
            assertThatThrownBy(() -> GgufAdapter.toMemory(weights, GgmlType.Q4_0, arena))
                    .hasMessageContaining("Q4_0");
        }
    }
}
