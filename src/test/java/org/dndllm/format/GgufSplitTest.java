package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model in parts is the model; parts that do not belong together are named. */
class GgufSplitTest {
    @TempDir
    Path folder;

    private Path whole;

    @BeforeEach
    void model() {
        whole = write("whole.gguf", "m", 7);
    }

    private Path write(String name, String modelName, int tensors) {
        GgufWriter writer = new GgufWriter().put("general.name", modelName).putUint32("some.number", 5);
        for (int i = 0; i < tensors; i++) {
            float[] values = {i, i + 0.5f, -i};
            writer.tensor("t" + i, GgmlType.F32, List.of(3L), MemorySegment.ofArray(values));
        }
        Path file = folder.resolve(name);
        writer.write(file);
        return file;
    }

    private void assertWhole(Path first, int parts) {
        try (GgufFile expected = GgufFile.open(whole);
                GgufFile actual = GgufFile.open(first)) {
            assertThat(actual.parts()).hasSize(parts).first().isEqualTo(first);
            assertThat(actual.tensors()).hasSameSizeAs(expected.tensors());
            for (GgufTensor tensor : expected.tensors()) {
                assertThat(actual.tensor(tensor.name()).orElseThrow().toFloats())
                        .as(tensor.name())
                        .isEqualTo(tensor.toFloats());
            }
            expected.metadata()
                    .forEach(
                            (key, value) -> assertThat(actual.find(key)).as(key).contains(value));
        }
    }

    private void assertRefused(Path first, Path culprit, String field, String words) {
        assertThatThrownBy(() -> GgufFile.open(first).close())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(culprit.toString())
                .hasMessageContaining(field)
                .hasMessageContaining(words);
    }

    @Test
    void open_firstOfThree_holdsMetadataAndTensorsOfAll() {
        assertWhole(SplitGguf.of(whole, 3).write(folder, "m").getFirst(), 3);
    }

    @Test
    void open_firstWithoutTensors_holdsThoseOfTheOthers() {
        assertWhole(
                SplitGguf.of(whole, 3)
                        .withoutTensorsInFirst()
                        .write(folder, "m")
                        .getFirst(),
                3);
    }

    @Test
    void open_onePartOfOne_isThatFile() {
        assertWhole(SplitGguf.of(whole, 1).write(folder, "m").getFirst(), 1);
    }

    @Test
    void open_middlePart_namesTheFirst() {
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "m");
        assertRefused(parts.get(1), parts.get(1), "split.no", "-00001-of-00003.gguf");
    }

    @Test
    void open_missingPart_namesIt() throws IOException {
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "m");
        Files.delete(parts.get(2));
        assertRefused(parts.getFirst(), parts.get(2), "file", "part 3 of 3");
    }

    @Test
    void open_renamedFirst_asksForItsName() throws IOException {
        Path first = SplitGguf.of(whole, 2).write(folder, "m").getFirst();
        Path renamed = Files.move(first, folder.resolve("model.gguf"));
        assertRefused(renamed, renamed, "file name", "-00001-of-00002.gguf");
    }

    @Test
    void open_partsOfDifferentCounts_namesThePart() {
        List<Path> parts = SplitGguf.of(whole, 3)
                .with(1, SplitGguf.COUNT, SplitGguf.uint16(4))
                .write(folder, "m");
        assertRefused(parts.getFirst(), parts.get(1), "split.count", "says 3");
    }

    @Test
    void open_partsSwapped_namesThePart() throws IOException {
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "m");
        Files.copy(parts.get(2), parts.get(1), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertRefused(parts.getFirst(), parts.get(1), "split.no", "expected 1");
    }

    @Test
    void open_partOfNoSplit_namesThePart() throws IOException {
        List<Path> parts = SplitGguf.of(whole, 2).write(folder, "m");
        Files.copy(whole, parts.get(1), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertRefused(parts.getFirst(), parts.get(1), "split.no", "missing");
    }

    @Test
    void open_numberOfAnotherType_isRefusedBecauseTheLibraryWouldAbort() {
        List<Path> parts = SplitGguf.of(whole, 2)
                .with(1, SplitGguf.NUMBER, GgufValue.uint32(1))
                .write(folder, "m");
        assertRefused(parts.getFirst(), parts.get(1), "split.no", "UINT16");
    }

    @Test
    void open_partOfAModelWithFewerTensors_saysHowManyAreMissing() throws IOException {
        List<Path> parts = SplitGguf.of(whole, 2).write(folder, "m");
        List<Path> others = SplitGguf.of(write("other.gguf", "m", 9), 3).write(folder, "other");
        assertThat(others).hasSize(3);
        new GgufWriter()
                .put(SplitGguf.NUMBER, SplitGguf.uint16(1))
                .put(SplitGguf.COUNT, SplitGguf.uint16(2))
                .put(SplitGguf.TENSORS, new GgufValue(GgufType.INT32, 7L))
                .tensor("u", GgmlType.F32, List.of(1L), MemorySegment.ofArray(new float[] {1}))
                .write(parts.get(1));
        assertRefused(parts.getFirst(), parts.getFirst(), "split.tensors.count", "is 7, but the 2 parts hold 4");
    }

    @Test
    void open_partWithTensorsOfTheFirst_namesTheTensor() {
        List<Path> parts = SplitGguf.of(whole, 2).write(folder, "m");
        new GgufWriter()
                .put(SplitGguf.NUMBER, SplitGguf.uint16(1))
                .put(SplitGguf.COUNT, SplitGguf.uint16(2))
                .put(SplitGguf.TENSORS, new GgufValue(GgufType.INT32, 7L))
                .tensor("t0", GgmlType.F32, List.of(1L), MemorySegment.ofArray(new float[] {1}))
                .write(parts.get(1));
        assertRefused(parts.getFirst(), parts.get(1), "tensor t0", "different models");
    }

    @Test
    void open_partThatSaysAnotherModelsName_namesTheKey() {
        List<Path> parts = SplitGguf.of(whole, 2)
                .with(1, "general.name", GgufValue.of("another"))
                .write(folder, "m");
        assertRefused(parts.getFirst(), parts.get(1), "general.name", "different models");
    }

    @Test
    void open_totalMissing_isRefused() {
        Path first = SplitGguf.of(whole, 2)
                .without(0, SplitGguf.TENSORS)
                .write(folder, "m")
                .getFirst();
        assertRefused(first, first, "split.tensors.count", "missing");
    }

    @Test
    void sha256_oneFile_isItsOwn() {
        assertThat(GgufFile.sha256(whole)).isEqualTo(Sha256.of(whole));
    }

    @Test
    void sha256_parts_isThatOfTheListOfTheirs() throws Exception {
        // given
        List<Path> parts = SplitGguf.of(whole, 3).write(folder, "m");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        StringBuilder list = new StringBuilder();
        for (Path part : parts) {
            list.append(HexFormat.of().formatHex(digest.digest(Files.readAllBytes(part))))
                    .append('\n');
        }

        // then
        assertThat(GgufFile.sha256(parts.getFirst()))
                .isEqualTo(
                        HexFormat.of().formatHex(digest.digest(list.toString().getBytes(StandardCharsets.US_ASCII))));
    }
}
