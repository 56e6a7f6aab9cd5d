package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;

/** A sound file, cut anywhere or with bytes changed anywhere: refused in our words or read, nothing else. */
final class GgufMutationTest {
    private static final String SOURCE = "bad.gguf";
    private static final long SEED = 4711;
    private static final int MUTATIONS = 20_000;

    @Test
    void of_everyTruncation_isRefused() {
        byte[] whole = sample();

        for (int length = 0; length < whole.length - 28; length++) { // 28 bytes of padding end the file
            MemorySegment cut = MemorySegment.ofArray(Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> GgufFile.of(cut, SOURCE))
                    .as("cut to %d of %d bytes", length, whole.length)
                    .isInstanceOf(InvalidInputException.class);
        }
    }

    @Test
    void of_missingLastPadding_isAccepted() {
        byte[] whole = sample();

        GgufFile file = GgufFile.of(MemorySegment.ofArray(Arrays.copyOf(whole, whole.length - 28)), SOURCE);

        assertThat(file.tensors()).hasSize(3);
    }

    @Test
    void of_randomMutations_parsesOrRefuses() {
        byte[] whole = sample();
        Random random = new Random(SEED);
        int parsed = 0;
        for (int round = 0; round < MUTATIONS; round++) {
            byte[] mutant = whole.clone();
            int flips = 1 + random.nextInt(4);
            for (int i = 0; i < flips; i++) {
                mutant[random.nextInt(mutant.length)] = (byte) (random.nextBoolean() ? random.nextInt(256) : -1);
            }
            parsed += survives(mutant, round) ? 1 : 0;
        }
        assertThat(parsed).as("seed %d: mutants that still parse", SEED).isBetween(1, MUTATIONS - 1);
    }

    /** Parses and uses everything; any exception but ours fails the test. */
    private static boolean survives(byte[] mutant, int round) {
        try {
            GgufFile file = GgufFile.of(MemorySegment.ofArray(mutant), SOURCE);
            for (GgufTensor tensor : file.tensors()) {
                assertThat(tensor.data().byteSize()).isEqualTo(tensor.type().bytesFor(tensor.elements()));
            }
            assertThat(file.metadata().toString()).isNotEmpty();
            return true;
        } catch (InvalidInputException expected) {
            assertThat(expected.source()).isEqualTo(SOURCE);
            return false;
        } catch (RuntimeException e) {
            throw new AssertionError("seed " + SEED + ", round " + round, e);
        }
    }

    private static byte[] sample() {
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "qwen2")
                .putUint32("general.alignment", 32)
                .putUint32("n", 7)
                .putBool("b", true)
                .putFloat32("f", 0.5f)
                .putUint64("u", 9)
                .putStrings("tokens", List.of("a", "bc", "ä"))
                .putInts("types", new int[] {1, 3})
                .tensor("one", GgmlType.F32, List.of(2L, 3L), MemorySegment.ofArray(new float[6]))
                .tensor("two", GgmlType.Q8_0, List.of(32L, 2L), MemorySegment.ofArray(new byte[68]))
                .tensor("three", GgmlType.F16, List.of(2L), MemorySegment.ofArray(new short[2]));
        try (Arena arena = Arena.ofConfined()) {
            return writer.toMemory(arena).toArray(ValueLayout.JAVA_BYTE);
        }
    }
}
