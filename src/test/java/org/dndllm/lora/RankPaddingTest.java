package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RankPaddingTest {
    @ParameterizedTest
    @CsvSource({
        "8, 8, 16, 2",
        "4, 4, 16, 4",
        "12, 12, 16, 4",
        "16, 16, 16, 1",
        "64, 64, 16, 1",
        "8, 8, 32, 4",
        "8, 16, 16, 2",
        "2, 4, 8, 4"
    })
    void factor_ofRanks_makesAllOfThemMultiples(int one, int other, int multiple, int factor) {
        assertThat(RankPadding.factor(List.of(one, other), multiple)).isEqualTo(factor);
        assertThat(RankPadding.factor(List.of(other, one), multiple)).isEqualTo(factor);
    }

    @ParameterizedTest
    @CsvSource({"2, 16", "3, 16", "6, 16", "5, 8", "1, 8", "4, 32"})
    void factor_ofRanksThatNeedMoreThanFourfold_leavesThem(int rank, int multiple) {
        assertThat(RankPadding.factor(List.of(rank), multiple)).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = GgmlType.class,
            names = {"F32", "F16", "BF16", "Q8_0"})
    void pad_rankBelowWidth_isTheSameProductToTheBit(GgmlType type) {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 8, 12, LoraFixtures.ALL, DType.F32, 7);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment original = GgufAdapter.toMemory(weights, type, arena);

            MemorySegment padded = pad(original, 16, arena);

            LoraWeights before = read(original);
            LoraWeights after = read(padded);
            assertThat(after.rank()).isEqualTo(16);
            assertThat(after.alpha() / after.rank()).isEqualTo(before.alpha() / before.rank());
            for (int i = 0; i < before.tensors().size(); i++) {
                LoraTensor pair = after.tensors().get(i);
                assertThat(LoraFixtures.delta(after, pair))
                        .containsExactly(
                                LoraFixtures.delta(before, before.tensors().get(i)), within(0.0));
                float[] a = pair.a();
                assertThat(Arrays.copyOfRange(a, a.length / 2, a.length)).containsOnly(0);
            }
        }
    }

    @Test
    void pad_rankThatFits_isTheOriginalMemory() {
        LoraWeights weights = LoraFixtures.random(LoraFixtures.TINY, 16, 12, LoraFixtures.ALL, DType.F16, 8);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment original = GgufAdapter.toMemory(weights, GgmlType.F16, arena);

            assertThat(pad(original, 16, arena)).isSameAs(original);
        }
    }

    @Test
    void pad_embeddingTouched_isTheOriginalMemory() {
        long hidden = LoraFixtures.TINY.hidden();
        long vocabulary = LoraFixtures.TINY.vocab();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment original = GgufAdapter.head("qwen2", 8)
                    .tensor(
                            "token_embd.weight.lora_a",
                            GgmlType.F32,
                            List.of(8L, vocabulary),
                            zeros(arena, 8 * vocabulary))
                    .tensor("token_embd.weight.lora_b", GgmlType.F32, List.of(8L, hidden), zeros(arena, 8 * hidden))
                    .toMemory(arena);

            assertThat(pad(original, 16, arena)).isSameAs(original);
        }
    }

    private static MemorySegment zeros(Arena arena, long floats) {
        return arena.allocate(4 * floats, 4);
    }

    private static MemorySegment pad(MemorySegment original, int multiple, Arena arena) {
        try (GgufFile file = GgufFile.of(original, "original")) {
            AdapterSummary summary = GgufAdapter.validate(file, BaseTensors.of(LoraFixtures.TINY));
            // memory that was used before
            return RankPadding.pad(
                    file,
                    summary,
                    multiple,
                    original,
                    size -> arena.allocate(size, 64).fill((byte) 0x55));
        }
    }

    private static LoraWeights read(MemorySegment gguf) {
        try (GgufFile file = GgufFile.of(gguf, "padded")) {
            return GgufAdapter.read(file, LoraFixtures.TINY);
        }
    }
}
