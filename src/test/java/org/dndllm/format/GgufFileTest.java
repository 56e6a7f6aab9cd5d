package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GgufFileTest {
    private static final Map<GgufType, List<Object>> SCALARS = Map.ofEntries(
            Map.entry(GgufType.UINT8, List.of(0L, 255L)),
            Map.entry(GgufType.INT8, List.of(-128L, 127L)),
            Map.entry(GgufType.UINT16, List.of(0L, 65535L)),
            Map.entry(GgufType.INT16, List.of(-32768L, 32767L)),
            Map.entry(GgufType.UINT32, List.of(0L, 0xffffffffL)),
            Map.entry(GgufType.INT32, List.of((long) Integer.MIN_VALUE, (long) Integer.MAX_VALUE)),
            Map.entry(GgufType.UINT64, List.of(0L, -1L)),
            Map.entry(GgufType.INT64, List.of(Long.MIN_VALUE, Long.MAX_VALUE)),
            Map.entry(GgufType.FLOAT32, List.of(0.1f, Float.NaN)),
            Map.entry(GgufType.FLOAT64, List.of(0.1, Double.NEGATIVE_INFINITY)),
            Map.entry(GgufType.BOOL, List.of(true, false)),
            Map.entry(GgufType.STRING, List.of("", "Grüße, 世界 🙂")));

    @TempDir
    Path folder;

    @Test
    void metadata_everyScalarType_survivesRoundTrip() {
        // given
        GgufWriter writer = new GgufWriter();
        SCALARS.forEach((type, values) -> {
            for (int i = 0; i < values.size(); i++) {
                writer.put("test." + type + "." + i, new GgufValue(type, values.get(i)));
            }
        });

        // when
        GgufFile read = roundTrip(writer);

        // then
        SCALARS.forEach((type, values) -> {
            for (int i = 0; i < values.size(); i++) {
                assertThat(read.metadata().get("test." + type + "." + i)).isEqualTo(new GgufValue(type, values.get(i)));
            }
        });
        assertThat(read.metadata()).hasSize(2 * SCALARS.size());
    }

    @Test
    void metadata_everyArrayType_survivesRoundTrip() {
        // given
        List<GgufArray> arrays = List.of(
                GgufArray.ofStrings(List.of("a", "", "Ġword")),
                GgufArray.ofInts(new int[] {-1, 0, Integer.MAX_VALUE}),
                GgufArray.ofFloats(new float[] {0.5f, Float.NaN}),
                GgufArray.ofInts(new int[0]),
                new GgufArray(GgufType.FLOAT64, new double[] {Math.PI}),
                new GgufArray(GgufType.BOOL, new boolean[] {true, false, true}),
                new GgufArray(GgufType.UINT8, new long[] {0, 255}),
                new GgufArray(GgufType.INT16, new long[] {-3, 3}),
                new GgufArray(GgufType.UINT64, new long[] {-1}));
        GgufWriter writer = new GgufWriter();
        for (int i = 0; i < arrays.size(); i++) {
            writer.put("array." + i, GgufValue.of(arrays.get(i)));
        }

        // when
        GgufFile read = roundTrip(writer);

        // then
        for (int i = 0; i < arrays.size(); i++) {
            assertThat(read.metadata().get("array." + i).value()).isEqualTo(arrays.get(i));
        }
    }

    @Test
    void typedAccessors_presentMissingAndMismatched_answerOrNameTheKey() {
        // given
        GgufFile file = roundTrip(new GgufWriter()
                .put("s", "text")
                .putUint32("u", -1)
                .putFloat32("f", 1.5f)
                .putBool("b", true)
                .putUint64("big", -1)
                .putStrings("words", List.of("x"))
                .putInts("ints", new int[] {7})
                .putFloats("floats", new float[] {7}));

        // then
        assertThat(file.string("s")).isEqualTo("text");
        assertThat(file.integer("u")).isEqualTo(0xffffffffL);
        assertThat(file.number("f")).isEqualTo(1.5);
        assertThat(file.number("u")).isEqualTo(0xffffffffL);
        assertThat(file.bool("b")).isTrue();
        assertThat(file.strings("words")).containsExactly("x");
        assertThat(file.integers("ints")).containsExactly(7);
        assertThat(file.findString("none")).isEmpty();
        assertThatThrownBy(() -> file.string("u"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("<memory>: u: is of type UINT32; expected a string");
        assertThatThrownBy(() -> file.integer("big")).hasMessageContaining("18446744073709551615 is too large");
        assertThatThrownBy(() -> file.string("none")).hasMessageContaining("none: is missing");
        assertThatThrownBy(() -> file.strings("ints")).hasMessageContaining("ints: is an array of INT32");
        assertThatThrownBy(() -> file.integers("floats")).hasMessageContaining("floats: is an array of FLOAT32");
    }

    @Test
    void write_memoryAndFile_giveTheSameBytesAndValues() throws Exception {
        // given
        float[] values = new float[96];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i - 40) * 0.25f;
        }
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "test")
                .tensor("f32", GgmlType.F32, List.of(3L), floats(values, 3))
                .tensor("f16", GgmlType.F16, List.of(32L, 3L), to -> HalfFloats.toF16(values, 0, to, 0, 96))
                .tensor("bf16", GgmlType.BF16, List.of(5L), to -> HalfFloats.toBf16(values, 0, to, 0, 5))
                .tensor("q8", GgmlType.Q8_0, List.of(32L, 1L, 3L), to -> Q8Zero.quantize(values, 0, to, 0, 96));
        Path target = folder.resolve("deep/model.gguf");

        // when
        writer.write(target);
        try (Arena arena = Arena.ofConfined();
                GgufFile file = GgufFile.open(target)) {
            MemorySegment memory = writer.toMemory(arena);

            // then
            assertThat(Files.readAllBytes(target)).isEqualTo(memory.toArray(ValueLayout.JAVA_BYTE));
            assertThat(writer.size()).isEqualTo(memory.byteSize());
            assertThat(file.tensors().stream().map(GgufTensor::name)).containsExactly("f32", "f16", "bf16", "q8");
            // Quarters below 64 are exact in all three float formats.
            assertThat(file.tensor("f32").orElseThrow().toFloats()).containsExactly(-10f, -9.75f, -9.5f);
            assertThat(file.tensor("f16").orElseThrow().toFloats()).isEqualTo(values);
            assertThat(file.tensor("q8").orElseThrow().dims()).containsExactly(32L, 1L, 3L);
            assertThat(file.tensors())
                    .allSatisfy(
                            tensor -> assertThat(tensor.data().address() % 32).isZero());
        }
    }

    @Test
    void toMemory_reusedDirtyMemory_equalsFreshMemory() {
        // given
        GgufWriter writer = new GgufWriter().tensor("t", GgmlType.F32, List.of(3L), floats(new float[] {1, 2, 3}, 3));
        MemorySegment dirty = MemorySegment.ofArray(new byte[4096]).fill((byte) 0x55);

        // when
        MemorySegment reused = writer.toMemory(dirty);

        // then
        try (Arena arena = Arena.ofConfined()) {
            assertThat(reused.mismatch(writer.toMemory(arena))).isEqualTo(-1);
        }
        assertThatThrownBy(() -> writer.toMemory(dirty.asSlice(0, 64))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void alignment_set_movesTensors() {
        // given
        GgufWriter writer = new GgufWriter()
                .putUint32("general.alignment", 128)
                .tensor("a", GgmlType.I8, List.of(1L), MemorySegment.ofArray(new byte[] {1}))
                .tensor("b", GgmlType.I8, List.of(1L), MemorySegment.ofArray(new byte[] {2}));

        // when
        GgufFile read = roundTrip(writer);

        // then
        assertThat(read.alignment()).isEqualTo(128);
        assertThat(read.tensor("b").orElseThrow().data().get(ValueLayout.JAVA_BYTE, 0))
                .isEqualTo((byte) 2);
        assertThat(writer.size() % 128).isZero();
    }

    @Test
    void writer_wrongArguments_areRefused() {
        MemorySegment four = MemorySegment.ofArray(new byte[4]);
        GgufWriter writer = new GgufWriter().put("k", "v").tensor("t", GgmlType.F32, List.of(1L), four);

        assertThatThrownBy(() -> writer.put("k", "w")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.put("", "w")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.putUint32("general.alignment", 24))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("t", GgmlType.F32, List.of(1L), four))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("x".repeat(64), GgmlType.F32, List.of(1L), four))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("u", GgmlType.F32, List.of(2L), four))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("u", GgmlType.Q8_0, List.of(31L), four))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("u", GgmlType.F32, List.of(0L), four))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tensor("u", GgmlType.F32, List.of(), four))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void write_sourceFails_leavesNothingBehind() {
        // given
        GgufWriter writer = new GgufWriter().tensor("t", GgmlType.F32, List.of(1L), to -> {
            throw new UnsupportedOperationException("no data");
        });

        // when
        assertThatThrownBy(() -> writer.write(folder.resolve("x.gguf")))
                .isInstanceOf(UnsupportedOperationException.class);

        // then
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void close_thenUse_isIllegalState() {
        // given
        Path target = folder.resolve("x.gguf");
        new GgufWriter()
                .tensor("t", GgmlType.F32, List.of(1L), floats(new float[] {1}, 1))
                .write(target);
        GgufFile file = GgufFile.open(target);
        GgufTensor tensor = file.tensors().getFirst();

        // when
        file.close();
        file.close();

        // then
        assertThatThrownBy(file::metadata)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("GgufFile");
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void open_missingFileOrFolder_isInvalidInput() {
        assertThatThrownBy(() -> GgufFile.open(folder.resolve("none.gguf")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("none.gguf: file: does not exist");
        assertThatThrownBy(() -> GgufFile.open(folder)).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void toFloats_unreadableType_isInvalidInput() {
        GgufTensor tensor = new GgufTensor("t", GgmlType.Q4_0, List.of(32L), MemorySegment.ofArray(new byte[18]));

        assertThatThrownBy(tensor::toFloats)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("t: is of type Q4_0");
    }

    @Test
    void types_ids_areUniqueAndFoundAgain() {
        for (GgmlType type : GgmlType.values()) {
            assertThat(GgmlType.byId(type.id())).contains(type);
        }
        IntStream.of(4, 5, 31, 32, 33, 36, 37, 38, 43, -1)
                .forEach(removed -> assertThat(GgmlType.byId(removed)).isEmpty());
        assertThat(GgufType.byId(13)).isEmpty();
    }

    private static MemorySegment floats(float[] values, int n) {
        return MemorySegment.ofArray(Arrays.copyOf(values, n));
    }

    private static GgufFile roundTrip(GgufWriter writer) {
        return GgufFile.of(writer.toMemory(Arena.ofAuto()), "<memory>");
    }
}
