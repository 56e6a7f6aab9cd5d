package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class GgufMalformedTest {
    private static final String SOURCE = "bad.gguf";
    private static final int F32 = GgmlType.F32.id();

    @ParameterizedTest(name = "{0}")
    @MethodSource({"preambles", "keys", "values", "arrays", "alignments", "tensorNames", "tensorShapes", "tensorData"})
    void of_malformed_namesFileAndField(String name, RawGguf file, String field, String problem) {
        assertThatThrownBy(() -> GgufFile.of(MemorySegment.ofArray(file.bytes()), SOURCE))
                .isInstanceOfSatisfying(InvalidInputException.class, e -> {
                    assertThat(e.source()).isEqualTo(SOURCE);
                    assertThat(e.field()).isEqualTo(field);
                    assertThat(e).hasMessageStartingWith(SOURCE + ": " + field + ": ");
                    assertThat(e).hasMessageContaining(problem);
                });
    }

    static Stream<Arguments> preambles() {
        return Stream.of(
                arguments("empty file", new RawGguf(), "magic", "ends at byte 0"),
                arguments("three bytes", new RawGguf().text("GGU"), "magic", "ends at byte 3"),
                arguments("text file", new RawGguf().text("Hello, this is no model"), "magic", "does not begin"),
                arguments("old magic ggml", new RawGguf().text("ggml").zeros(64), "magic", "does not begin"),
                arguments("reversed magic", new RawGguf().text("FUGG").zeros(64), "magic", "does not begin"),
                arguments("zip magic", new RawGguf().text("PK").zeros(64), "magic", "does not begin"),
                arguments("magic alone", new RawGguf().text("GGUF"), "version", "ends at byte 4"),
                arguments("version cut", new RawGguf().text("GGUF").raw((byte) 3), "version", "ends at byte 5"),
                arguments("version 0", version(0), "version", "reversed"),
                arguments("version 1", version(1), "version", "is 1; expected 3"),
                arguments("version 2", version(2), "version", "is 2; expected 3"),
                arguments("version 4", version(4), "version", "is 4; expected 3"),
                arguments("version huge", version(0xffffffffL), "version", "is 4294967295"),
                arguments("big-endian", version(0x03000000), "version", "big-endian"),
                arguments("no counts", new RawGguf().text("GGUF").u32(3), "tensor_count", "ends at byte 8"),
                arguments(
                        "one count", new RawGguf().text("GGUF").u32(3).u64(0), "metadata_kv_count", "ends at byte 16"),
                arguments(
                        "tensor count negative", RawGguf.head(-1, 0).zeros(64), "tensor_count", "18446744073709551615"),
                arguments("tensor count above file", RawGguf.head(9, 0).zeros(64), "tensor_count", "is 9"),
                arguments("tensor count 2^62", RawGguf.head(1L << 62, 0).zeros(64), "tensor_count", "is 46116860"),
                arguments("key count negative", RawGguf.head(0, -2).zeros(64), "metadata_kv_count", "1844674407"),
                arguments("key count above file", RawGguf.head(0, 9).zeros(64), "metadata_kv_count", "is 9"),
                arguments("key count 2^60", RawGguf.head(0, 1L << 60).zeros(64), "metadata_kv_count", "is 1152921"));
    }

    static Stream<Arguments> keys() {
        return Stream.of(
                arguments("key cut", key().u64(10).text("abc").zeros(3), "metadata key #0", "10 more bytes"),
                arguments("key empty", key().string("").zeros(32), "metadata key #0", "empty"),
                arguments("key with NUL", key().string("a\0b").zeros(32), "metadata key #0", "NUL"),
                arguments(
                        "key not UTF-8",
                        key().u64(2).raw((byte) 0xc3, (byte) 0x28).zeros(32),
                        "metadata key #0",
                        "UTF-8"),
                arguments(
                        "key longer than 64 KiB", key().u64(65536).zeros(70000), "metadata key #0", "length is 65536"),
                arguments("key length negative", key().u64(-1).zeros(32), "metadata key #0", "18446744073709551615"),
                arguments("type cut", key().string("abcdefg"), "abcdefg", "ends at"),
                arguments("type 13", key().string("k").u32(13).zeros(32), "k", "type 13 does not exist"),
                arguments("type -1", key().string("k").u32(-1).zeros(32), "k", "type -1 does not exist"),
                arguments(
                        "second key cut",
                        RawGguf.head(0, 2)
                                .key("k", GgufType.UINT8)
                                .u8(1)
                                .u64(99)
                                .zeros(10),
                        "metadata key #1",
                        "99 more bytes"),
                arguments(
                        "key twice",
                        RawGguf.head(0, 2)
                                .key("k", GgufType.UINT8)
                                .u8(1)
                                .key("k", GgufType.BOOL)
                                .u8(1),
                        "k",
                        "occurs twice"));
    }

    static Stream<Arguments> values() {
        return Stream.of(
                arguments("uint16 cut", key().key("key", GgufType.UINT16).u8(1), "key", "2 more bytes"),
                arguments("uint32 cut", key().key("key", GgufType.UINT32).zeros(3), "key", "4 more bytes"),
                arguments("int64 cut", key().key("key", GgufType.INT64).zeros(7), "key", "8 more bytes"),
                arguments("float32 cut", key().key("key", GgufType.FLOAT32).zeros(3), "key", "4 more bytes"),
                arguments("float64 cut", key().key("key", GgufType.FLOAT64).zeros(5), "key", "8 more bytes"),
                arguments("bool 2", key().key("key", GgufType.BOOL).u8(2), "key", "truth value is 2"),
                arguments("bool -1", key().key("key", GgufType.BOOL).u8(255), "key", "truth value is -1"),
                arguments("string length cut", key().key("key", GgufType.STRING).zeros(4), "key", "8 more bytes"),
                arguments("string cut", key().key("key", GgufType.STRING).u64(5).text("four"), "key", "5 more bytes"),
                arguments(
                        "string length 2^40",
                        key().key("key", GgufType.STRING).u64(1L << 40),
                        "key",
                        "is 1099511627776"),
                arguments(
                        "string length negative",
                        key().key("key", GgufType.STRING).u64(-9),
                        "key",
                        "length is 184467"),
                arguments(
                        "string Latin-1",
                        key().key("key", GgufType.STRING).u64(1).u8(0xe9),
                        "key",
                        "UTF-8"),
                arguments(
                        "string cut character",
                        key().key("key", GgufType.STRING).u64(1).u8(0xe2),
                        "key",
                        "UTF-8"),
                arguments(
                        "string with surrogate",
                        key().key("key", GgufType.STRING).u64(3).raw((byte) 0xed, (byte) 0xa0, (byte) 0x80),
                        "key",
                        "UTF-8"),
                arguments(
                        "string overlong",
                        key().key("key", GgufType.STRING).u64(2).raw((byte) 0xc0, (byte) 0x80),
                        "key",
                        "UTF-8"));
    }

    static Stream<Arguments> arrays() {
        return Stream.of(
                arguments("array type cut", array().zeros(2), "key", "4 more bytes"),
                arguments("array type 99", array().u32(99).zeros(16), "key", "type 99 does not exist"),
                arguments("array of arrays", array().u32(GgufType.ARRAY.id()).zeros(16), "key", "array of arrays"),
                arguments("array count cut", array().u32(GgufType.INT32.id()).zeros(4), "key", "8 more bytes"),
                arguments("array count negative", array().u32(4).u64(-1), "key", "length is 18446744073709551615"),
                arguments("array count 2^61", array().u32(4).u64(1L << 61), "key", "length is 23058430"),
                arguments("array cut", array().u32(GgufType.INT32.id()).u64(3).zeros(11), "key", "12 more bytes"),
                arguments(
                        "strings cut early",
                        array().u32(GgufType.STRING.id()).u64(3).zeros(20),
                        "key",
                        "24 more bytes"),
                arguments("strings cut late", array().u32(8).u64(2).string("a").u64(1), "key", "1 more bytes"),
                arguments("strings not UTF-8", array().u32(8).u64(1).u64(1).u8(0xff), "key", "UTF-8"),
                arguments(
                        "bools 0 1 7",
                        array().u32(GgufType.BOOL.id()).u64(3).raw((byte) 0, (byte) 1, (byte) 7),
                        "key",
                        "is 7"));
    }

    static Stream<Arguments> alignments() {
        String key = "general.alignment";
        return Stream.of(
                arguments("alignment 0", key().key(key, GgufType.UINT32).u32(0), key, "is 0; expected a power"),
                arguments("alignment 24", key().key(key, GgufType.UINT32).u32(24), key, "is 24"),
                arguments("alignment 2^32-1", key().key(key, GgufType.UINT32).u32(-1), key, "is 4294967295"),
                arguments("alignment int32", key().key(key, GgufType.INT32).u32(32), key, "is of type INT32"),
                arguments("alignment uint64", key().key(key, GgufType.UINT64).u64(32), key, "is of type UINT64"),
                arguments("alignment string", key().key(key, GgufType.STRING).string("32"), key, "is of type STRING"),
                arguments(
                        "alignment array",
                        key().key(key, GgufType.ARRAY).u32(4).u64(1).u32(32),
                        key,
                        "of type ARRAY"),
                arguments(
                        "data before alignment 128",
                        RawGguf.head(2, 1)
                                .key(key, GgufType.UINT32)
                                .u32(128)
                                .tensor("a", F32, 0, 1)
                                .tensor("b", F32, 32, 1)
                                .align(128)
                                .zeros(256),
                        "tensor b",
                        "offset 32 is not a multiple of the alignment 128"),
                arguments(
                        "alignment beyond the file",
                        RawGguf.head(1, 1)
                                .key(key, GgufType.UINT32)
                                .u32(1 << 31)
                                .tensor("a", F32, 0, 1)
                                .zeros(256),
                        "tensor a",
                        "needs 4 bytes"));
    }

    static Stream<Arguments> tensorNames() {
        return Stream.of(
                arguments("name cut", tensors(1).u64(40).text("short").zeros(28), "tensor #0", "ends at"),
                arguments("name empty", one("", F32, 0, 1), "tensor #0", "empty"),
                arguments("name of 64 bytes", one("n".repeat(64), F32, 0, 1), "tensor #0", "length is 64"),
                arguments("name of 64 bytes in 32 characters", one("ä".repeat(32), F32, 0, 1), "tensor #0", "is 64"),
                arguments("name length negative", tensors(1).u64(-1).zeros(64), "tensor #0", "18446744073709551615"),
                arguments("name with NUL", one("a\0", F32, 0, 1), "tensor #0", "NUL"),
                arguments("name not UTF-8", tensors(1).u64(1).u8(0x80).zeros(64), "tensor #0", "UTF-8"),
                arguments(
                        "name twice",
                        tensors(2)
                                .tensor("a", F32, 0, 1)
                                .tensor("a", F32, 32, 1)
                                .align(32)
                                .zeros(64),
                        "tensor a",
                        "occurs twice"));
    }

    static Stream<Arguments> tensorShapes() {
        long max = Long.MAX_VALUE;
        return Stream.of(
                arguments(
                        "entry cut at rank",
                        tensors(1).string("a".repeat(30)).zeros(3),
                        "tensor " + "a".repeat(30),
                        "ends"),
                arguments(
                        "entry cut at dims",
                        tensors(1).string("a".repeat(20)).u32(2).u64(1),
                        "tensor " + "a".repeat(20),
                        "ends"),
                arguments("no dimensions", one("a", F32, 0), "tensor a", "has 0 dimensions"),
                arguments("five dimensions", one("a", F32, 0, 1, 1, 1, 1, 1), "tensor a", "has 5 dimensions"),
                arguments("2^32-1 dimensions", tensors(1).string("a").u32(-1).zeros(64), "tensor a", "has 4294967295"),
                arguments("zero dimension", one("a", F32, 0, 0), "tensor a", "below 1"),
                arguments("zero second dimension", one("a", F32, 0, 32, 0), "tensor a", "below 1"),
                arguments("negative dimension", one("a", F32, 0, -4), "tensor a", "below 1"),
                arguments("two negative dimensions", one("a", F32, 0, -4, -4), "tensor a", "below 1"),
                arguments("dimension 2^63-1", one("a", F32, 0, max), "tensor a", "more elements"),
                arguments("product overflows", one("a", F32, 0, 1L << 32, 1L << 32), "tensor a", "more elements"),
                arguments(
                        "product wraps to 0",
                        one("a", F32, 0, 1L << 16, 1L << 16, 1L << 16, 1L << 16),
                        "tensor a",
                        "more"),
                arguments("type 4 (removed)", one("a", 4, 0, 32), "tensor a", "type 4 does not exist"),
                arguments("type 31 (removed)", one("a", 31, 0, 32), "tensor a", "type 31 does not exist"),
                arguments("type 43 (unknown)", one("a", 43, 0, 32), "tensor a", "type 43 does not exist"),
                arguments("type -1", one("a", -1, 0, 32), "tensor a", "type 4294967295"),
                arguments("Q8_0 row of 31", one("a", GgmlType.Q8_0.id(), 0, 31), "tensor a", "block of 32"),
                arguments("Q8_0 row of 48", one("a", GgmlType.Q8_0.id(), 0, 48, 2), "tensor a", "block of 32"),
                arguments("Q4_K row of 128", one("a", GgmlType.Q4_K.id(), 0, 128, 2), "tensor a", "block of 256"));
    }

    static Stream<Arguments> tensorData() {
        return Stream.of(
                arguments(
                        "offset cut",
                        tensors(1).string("a".repeat(9)).u32(1).u64(1).u32(0).u32(0),
                        "tensor aaaaaaaaa",
                        "8 more"),
                arguments("first offset 32", one("a", F32, 32, 1), "tensor a", "offset is 32; expected 0"),
                arguments("first offset 1", one("a", F32, 1, 1), "tensor a", "offset 1 is not a multiple"),
                arguments("offset negative", one("a", F32, -32, 1), "tensor a", "offset is 18446744073709551584"),
                arguments("offset 2^62", one("a", F32, 1L << 62, 1), "tensor a", "offset is 4611686"),
                arguments("overlap", two(0), "tensor b", "offset 0 overlaps"),
                arguments("gap", two(96), "tensor b", "offset is 96; expected 32"),
                arguments("misaligned second", two(36), "tensor b", "offset 36 is not a multiple"),
                arguments("no data", tensors(1).tensor("a", F32, 0, 64).align(32), "tensor a", "needs 256 bytes"),
                arguments(
                        "data cut",
                        tensors(1).tensor("a", F32, 0, 64).align(32).zeros(255),
                        "tensor a",
                        "needs 256 bytes"),
                arguments("file ends before data", tensors(1).tensor("a", F32, 0, 1), "tensor a", "needs 4 bytes"),
                arguments(
                        "second data cut",
                        tensors(2)
                                .tensor("a", F32, 0, 1)
                                .tensor("b", F32, 32, 1)
                                .align(32)
                                .zeros(35),
                        "tensor b",
                        "needs 4 bytes"),
                arguments("data of 2^50 bytes", one("a", F32, 0, 1L << 48), "tensor a", "needs 1125899906842624"));
    }

    @Test
    void open_malformedFile_namesThePath(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("broken.gguf");
        Files.write(file, version(2).bytes());

        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(file + ": version: ");
    }

    private static RawGguf version(long version) {
        return new RawGguf().text("GGUF").u32(version).zeros(64);
    }

    private static RawGguf key() {
        return RawGguf.head(0, 1);
    }

    private static RawGguf array() {
        return key().key("key", GgufType.ARRAY);
    }

    private static RawGguf tensors(int count) {
        return RawGguf.head(count, 0);
    }

    private static RawGguf one(String name, int type, long offset, long... dims) {
        return tensors(1).tensor(name, type, offset, dims).align(32).zeros(256);
    }

    private static RawGguf two(long secondOffset) {
        return tensors(2)
                .tensor("a", F32, 0, 1)
                .tensor("b", F32, secondOffset, 1)
                .align(32)
                .zeros(256);
    }
}
