package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.format.FormatFixtures.ascii;
import static org.dndllm.format.FormatFixtures.concat;
import static org.dndllm.format.FormatFixtures.file;
import static org.dndllm.format.FormatFixtures.resource;
import static org.dndllm.format.FormatFixtures.safetensors;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsMalformedTest {
    @TempDir
    Path folder;

    /** @param field what the message must name, beside the file */
    record Case(String name, byte[] bytes, String field) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Case header(String name, String header, int dataBytes, String field) {
        return new Case(name, safetensors(header, dataBytes), field);
    }

    /** One tensor "t" with these JSON fields and four bytes of data. */
    private static Case tensor(String name, String dtype, String shape, String offsets, String field) {
        return header(
                name,
                "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}",
                4,
                field);
    }

    private static String entry(String name, int begin, int end) {
        return "\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[" + (end - begin) + "],\"data_offsets\":[" + begin + ","
                + end + "]}";
    }

    private static byte[] length(int... bytes) {
        byte[] field = new byte[8];
        for (int i = 0; i < bytes.length; i++) {
            field[i] = (byte) bytes[i];
        }
        return field;
    }

    static Stream<Case> malformed() {
        return Stream.of(
                new Case("empty file", new byte[0], "header length"),
                new Case("seven bytes", new byte[7], "header length"),
                new Case("length only, zero", new byte[8], "header"),
                new Case("length beyond file", concat(length(9), ascii("{}")), "header length"),
                new Case("length over 100 MB", concat(length(1, 0xe1, 0xf5, 5), ascii("{}")), "header length"),
                new Case("length 2^63", concat(length(0, 0, 0, 0, 0, 0, 0, 0x80), ascii("{}")), "header length"),
                new Case("length -1", concat(length(255, 255, 255, 255, 255, 255, 255, 255), ascii("{}")), "length"),
                new Case("zip archive", ascii("PK\3\4\0\0\10\10\0\0\0\0\0\0"), "header length"),
                new Case("not UTF-8", safetensors(ascii("{\"\u00ff\":1}"), 0), "UTF-8"),
                header("leading space", " {}", 0, "header"),
                header("array header", "[]", 0, "header"),
                header("cut JSON", "{\"t\":", 0, "t"),
                header("two values", "{}{}", 0, "$"),
                header("trailing comma", "{" + entry("t", 0, 4) + ",}", 4, "$"),
                header("NUL padding", "{}\0\0\0\0", 0, "$"),
                header("duplicate tensor", "{" + entry("t", 0, 4) + "," + entry("t", 0, 4) + "}", 4, "t"),
                header("nested too deep", "{\"t\":" + "[".repeat(70) + "]".repeat(70) + "}", 0, "t"),
                header("tensor is a number", "{\"t\":1}", 0, "t"),
                header("tensor is null", "{\"t\":null}", 0, "t"),
                header("tensor is an array", "{\"t\":[]}", 0, "t"),
                header("no dtype", "{\"t\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4, "t.dtype"),
                header("no shape", "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "t.shape"),
                header("no offsets", "{\"t\":{\"dtype\":\"F32\",\"shape\":[]}}", 4, "t.data_offsets"),
                tensor("unknown dtype", "\"F31\"", "[1]", "[0,4]", "t.dtype"),
                tensor("lower-case dtype", "\"f32\"", "[1]", "[0,4]", "t.dtype"),
                tensor("sub-byte dtype", "\"F4\"", "[8]", "[0,4]", "t.dtype"),
                tensor("dtype is a number", "32", "[1]", "[0,4]", "t.dtype"),
                tensor("shape is a number", "\"F32\"", "1", "[0,4]", "t.shape"),
                tensor("negative extent", "\"F32\"", "[-1]", "[0,4]", "t.shape"),
                tensor("two negative extents", "\"F32\"", "[-1,-1]", "[0,4]", "t.shape"),
                tensor("fractional extent", "\"F32\"", "[1.5]", "[0,4]", "t.shape[0]"),
                tensor("extent is text", "\"F32\"", "[\"1\"]", "[0,4]", "t.shape[0]"),
                tensor("extent is null", "\"F32\"", "[null]", "[0,4]", "t.shape[0]"),
                tensor("extent beyond 64 bits", "\"F32\"", "[18446744073709551617]", "[0,4]", "t.shape[0]"),
                tensor("shape product overflows", "\"U8\"", "[4294967296,4294967297]", "[0,4]", "t.shape"),
                tensor("size in bytes overflows", "\"F64\"", "[2305843009213693952]", "[0,4]", "t.shape"),
                tensor("too few bytes", "\"F32\"", "[2]", "[0,4]", "t.data_offsets"),
                tensor("too many bytes", "\"F16\"", "[1]", "[0,4]", "t.data_offsets"),
                tensor("one offset", "\"F32\"", "[1]", "[4]", "t.data_offsets"),
                tensor("three offsets", "\"F32\"", "[1]", "[0,4,8]", "t.data_offsets"),
                tensor("negative offset", "\"F32\"", "[1]", "[-4,0]", "t.data_offsets"),
                tensor("end before begin", "\"F32\"", "[1]", "[4,0]", "t.data_offsets"),
                tensor("offsets are text", "\"F32\"", "[1]", "[\"0\",\"4\"]", "t.data_offsets[0]"),
                tensor("offset beyond 64 bits", "\"F32\"", "[1]", "[0,99999999999999999999]", "t.data_offsets[1]"),
                tensor("does not begin at 0", "\"U8\"", "[3]", "[1,4]", "t.data_offsets"),
                header("hole", "{" + entry("a", 0, 1) + "," + entry("t", 2, 4) + "}", 4, "t.data_offsets"),
                header("overlap", "{" + entry("a", 0, 3) + "," + entry("t", 2, 4) + "}", 4, "t.data_offsets"),
                header("same bytes twice", "{" + entry("a", 0, 4) + "," + entry("t", 0, 4) + "}", 4, "t.data_offsets"),
                header("data cut short", "{" + entry("t", 0, 4) + "}", 3, "t.data_offsets"),
                header("data too long", "{" + entry("t", 0, 4) + "}", 5, "data"),
                header("data without tensors", "{}", 1, "data"),
                header("metadata is text", "{\"__metadata__\":\"x\"}", 0, "__metadata__"),
                header("metadata is an array", "{\"__metadata__\":[]}", 0, "__metadata__"),
                header("metadata value is a number", "{\"__metadata__\":{\"k\":1}}", 0, "__metadata__.k"),
                header("metadata value is an object", "{\"__metadata__\":{\"k\":{}}}", 0, "__metadata__.k"),
                header("metadata value is null", "{\"__metadata__\":{\"k\":null}}", 0, "__metadata__.k"),
                header("metadata key twice", "{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "__metadata__.k"),
                header("lone surrogate in a name", "{\"\\ud800\":{}}", 0, "$"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void open_malformed_refusedNamingFileAndField(Case input) {
        Path path = file(folder, "bad.safetensors", input.bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(path).close())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContaining(input.field);
    }

    @Test
    void open_missingFileOrFolder_refused() {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("no")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> SafetensorsFile.open(folder)).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void of_mutatedFile_parsesOrRefuses() {
        long seed = 42;
        Random random = new Random(seed);
        byte[] valid = resource("reference.safetensors");
        int parsed = 0;
        for (int round = 0; round < 5000; round++) {
            byte[] mutated = Arrays.copyOf(valid, valid.length - (random.nextInt(4) == 0 ? random.nextInt(300) : 0));
            for (int i = random.nextInt(4); i >= 0; i--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            try (SafetensorsFile file = SafetensorsFile.of(MemorySegment.ofArray(mutated), "fuzz")) {
                file.names().forEach(name -> file.tensor(name).data().byteSize());
                parsed++;
            } catch (InvalidInputException refused) {
                assertThat(refused).as("seed %d round %d", seed, round).hasMessageStartingWith("fuzz: ");
            }
        }
        assertThat(parsed).as("some mutations hit only data").isPositive();
    }
}
