package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.dndllm.format.FormatFixtures.ascii;
import static org.dndllm.format.FormatFixtures.file;
import static org.dndllm.format.FormatFixtures.records;
import static org.dndllm.format.FormatFixtures.resource;
import static org.dndllm.format.FormatFixtures.without;
import static org.dndllm.format.FormatFixtures.zip;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TorchMalformedTest {
    private static final String FLOATS = "ctorch\nFloatStorage\n";

    @TempDir
    Path folder;

    /** @param field what the message must contain, beside the file */
    record Case(String name, byte[] bytes, String field) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static String text(String value) {
        int length = value.getBytes(StandardCharsets.UTF_8).length;
        return "X" + (char) (length & 255) + (char) (length >> 8) + "\0\0" + value;
    }

    /** Persistent id of storage {@code key} with that class and element count (an opcode). */
    private static String storage(String type, String key, String elements) {
        return "(" + text("storage") + type + text(key) + text("cpu") + elements + "tQ";
    }

    private static String tensor(String storage, String offset, String size, String stride) {
        return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + offset + size + stride
                + "\u0089ccollections\nOrderedDict\n)RtR";
    }

    private static String sound(String offset, String size, String stride) {
        return tensor(storage(FLOATS, "0", "K\4"), offset, size, stride);
    }

    private static Case pickle(String name, String code, String field) {
        return new Case(name, zip(records(ascii("\u0080\2" + code + "."))), field);
    }

    private static Case raw(String name, String pickle, String field) {
        return new Case(name, zip(records(ascii(pickle))), field);
    }

    private static Case global(String module, String name) {
        return pickle(
                module + "." + name,
                "c" + module + "\n" + name + "\n(" + text("echo pwned") + "tR",
                module + "." + name + ", which is not on the short list for tensors. Code in a file is never run");
    }

    private static Case archive(String name, Consumer<Map<String, byte[]>> change, String field) {
        Map<String, byte[]> records = records(ascii("\u0080\2N."));
        change.accept(records);
        return new Case(name, zip(records), field);
    }

    private static byte[] soundFile() {
        return zip(records(ascii("\u0080\2" + sound("K\0", "K\4\u0085", "K\1\u0085") + ".")));
    }

    /** A sound file with some bytes at {@code fromEnd} before its end replaced. */
    private static byte[] patched(int fromEnd, int... bytes) {
        byte[] file = soundFile();
        for (int i = 0; i < bytes.length; i++) {
            file[file.length - fromEnd + i] = (byte) bytes[i];
        }
        return file;
    }

    static Stream<Case> globals() {
        return Stream.of(
                global("os", "system"),
                global("posix", "system"),
                global("nt", "system"),
                global("builtins", "eval"),
                global("builtins", "exec"),
                global("builtins", "getattr"),
                global("__builtin__", "eval"),
                global("subprocess", "Popen"),
                global("torch", "load"),
                global("torch.hub", "load"),
                global("torch._utils", "_rebuild_qtensor"),
                global("torch.nn.modules.linear", "Linear"),
                global("numpy.core.multiarray", "_reconstruct"),
                global("collections", "OrderedDict.fromkeys"),
                global("runpy", "_run_code"),
                global("pickle", "loads"),
                pickle(
                        "stack global os.system",
                        text("os") + text("system") + "\u0093" + text("ls") + "\u0085R",
                        "os.system"),
                pickle("stack global of no text", "NN\u0093", "NONE.NONE"),
                pickle("global never called", "cos\nsystem\n", "os.system"),
                pickle("control characters in a name", "co\u001bs\nx\n", "o?s.x"),
                pickle("endless name", "c" + "x".repeat(400) + "\ny\n", "longer"),
                pickle("opcode INST", "(ios\nsystem\n", "Python class"),
                pickle("opcode OBJ", "(ccollections\nOrderedDict\no", "Python class"),
                pickle("opcode NEWOBJ", "ccollections\nOrderedDict\n)\u0081", "Python class"),
                pickle("extension registry", "\u0082\1", "0x82"),
                pickle("text persistent id", "Pfile\n", "0x50"));
    }

    static Stream<Case> pickles() {
        return Stream.of(
                raw("empty pickle", "", "data.pkl"),
                raw("no STOP", "\u0080\2N", "ends early"),
                raw("protocol 6", "\u0080\6N.", "protocol 6"),
                raw("protocol 0", "\u0080\0N.", "protocol 0"),
                pickle("stop on an empty stack", "", "stack is empty"),
                pickle("stop on a mark", "(", "stack is empty"),
                pickle("two values left", "NN", "too many"),
                pickle("tuple without mark", "Nt", "never opened"),
                pickle("pair of one", "N\u0086", "fewer"),
                pickle("pair across a mark", "N(N\u0086", "fewer"),
                pickle("append to no list", "NNa", "no list"),
                pickle("key without value", "}(K\1u", "without a value"),
                pickle("set item of no dict", "NNNs", "no dict"),
                pickle("tuple as key", "})Ns", "dict key"),
                pickle("None as key", "}NNs", "dict key"),
                pickle("memo never set", "h\5", "memo 5"),
                pickle("memo of nothing", "q\0", "stack is empty"),
                pickle("text longer than the file", "X\377\377\377\377abc", "ends early"),
                pickle("text of 2^63 bytes", "\u008d\0\0\0\0\0\0\0\u0080", "ends early"),
                pickle("text not UTF-8", "X\1\0\0\0\377", "UTF-8"),
                pickle("integer of 9 bytes", "\u008a\11" + "\1".repeat(9), "9 bytes"),
                pickle("cut integer", "J\0", "ends early"),
                pickle("list inside itself", "]q\0h\0a", "nested deeper"),
                pickle("dict inside itself", "}q\0K\1h\0s", "nested deeper"),
                pickle("nested 5000 deep", "(".repeat(5000) + "t".repeat(5000), "nested deeper"),
                pickle("exponential repetition", laughs(), "nested deeper than"),
                pickle("function as value", "ctorch._utils\n_rebuild_tensor_v2\n", "neither plain data"),
                pickle("call of a dtype", "ctorch\nfloat32\n)R", "torch.float32"),
                pickle("call of text", text("x") + ")R", "known name"),
                pickle("arguments are no tuple", "ccollections\nOrderedDict\nNR", "known name"),
                pickle("OrderedDict of a number", "ccollections\nOrderedDict\nK\1\u0085R", "list of pairs"),
                pickle("OrderedDict of triples", "ccollections\nOrderedDict\n]NNN\u0087a\u0085R", "list of pairs"),
                pickle("parameter of text", "ctorch._utils\n_rebuild_parameter\n" + text("x") + "\u0085R", "no tensor"),
                pickle("state of a list", "]}b", "no OrderedDict"),
                pickle("state of a tensor", sound("K\0", "K\4\u0085", "K\1\u0085") + "}b", "no OrderedDict"),
                pickle("number and text key collide", "}(K\1K\2" + text("1") + "K\3u", "both as text and as a number"),
                pickle("unknown opcode", "\377", "0xff"));
    }

    private static String laughs() {
        StringBuilder code = new StringBuilder("]q\0");
        for (int level = 1; level <= 60; level++) {
            code.append("](")
                    .append(("h" + (char) (level - 1)).repeat(4))
                    .append("eq")
                    .append((char) level);
        }
        return "(" + code + "t";
    }

    static Stream<Case> tensors() {
        String four = "K\4\u0085";
        String one = "K\1\u0085";
        return Stream.of(
                pickle("storage id is no tuple", "NQ", "storage reference"),
                pickle("storage id too short", "(" + text("storage") + "tQ", "storage reference"),
                pickle(
                        "module instead of storage",
                        storage(FLOATS, "0", "K\4").replace("storage", "module_"),
                        "storage reference"),
                pickle("storage class is a function", storage("ctorch\nSize\n", "0", "K\4"), "storage reference"),
                pickle("storage not in the archive", storage(FLOATS, "7", "K\4"), "data/7"),
                pickle("storage key climbs folders", storage(FLOATS, "../data.pkl", "K\4"), "data/../data.pkl"),
                pickle("more elements than the record", storage(FLOATS, "0", "K\5"), "16 bytes"),
                pickle("fewer elements than the record", storage(FLOATS, "0", "K\3"), "16 bytes"),
                pickle("negative element count", storage(FLOATS, "0", "J\377\377\377\377"), "storage 0"),
                pickle(
                        "element count overflows",
                        storage(FLOATS, "0", "\u008a\10" + "\377".repeat(7) + "\177"),
                        "overflows"),
                pickle(
                        "one storage, two types",
                        storage(FLOATS, "0", "K\4") + storage("ctorch\nIntStorage\n", "0", "K\4") + "\u0086",
                        "F32 and as I32"),
                pickle(
                        "untyped storage, no type",
                        tensor(storage("ctorch.storage\nUntypedStorage\n", "0", "K\20"), "K\0", four, one),
                        "untyped"),
                pickle("storage as value", storage(FLOATS, "0", "K\4"), "neither plain data"),
                pickle("rebuild without arguments", "ctorch._utils\n_rebuild_tensor_v2\n)R", "not rebuilt from"),
                pickle("offset beyond storage", sound("K\5", "K\0\u0085", one), "element 5"),
                pickle("offset pushes shape out", sound("K\1", four, one), "element 4"),
                pickle("negative offset", sound("J\377\377\377\377", four, one), "element -1"),
                pickle("shape larger than storage", sound("K\0", "K\5\u0085", one), "element 4"),
                pickle("stride leaves storage", sound("K\0", "K\2\u0085", four), "element 4"),
                pickle("negative stride", sound("K\3", four, "J\377\377\377\377\u0085"), "stride"),
                pickle("negative extent", sound("K\0", "J\377\377\377\377\u0085", one), "size"),
                pickle("fractional extent", sound("K\0", "G?\360\0\0\0\0\0\0\u0085", one), "size"),
                pickle("size and stride differ in length", sound("K\0", four, ")"), "1 extents and 0 strides"),
                pickle(
                        "size overflows",
                        sound("K\0", "\u008a\10" + "\377".repeat(7) + "\177\u0085", "K\0\u0085"),
                        "overflows"),
                pickle(
                        "stride overflows",
                        sound("K\0", "K\3\u0085", "\u008a\10" + "\377".repeat(7) + "\177\u0085"),
                        "overflows"),
                pickle("broadcast bomb", sound("K\0", "J\0\0\0\100\u0085", "K\0\u0085"), "contiguous()"),
                pickle(
                        "seventy axes",
                        sound("K\0", "(" + "K\1".repeat(70) + "t", "(" + "K\1".repeat(70) + "t"),
                        "at most 64"));
    }

    static Stream<Case> archives() {
        byte[] file = soundFile();
        return Stream.of(
                new Case("empty file", new byte[0], "format"),
                new Case("text", ascii("hello, this is no archive"), "format"),
                new Case("bare pickle", ascii("\u0080\2}."), "format"),
                new Case("end cut off", without(file, 1), "end record"),
                new Case("second half missing", without(file, file.length / 2), "end record"),
                new Case("only a signature", ascii("PK\3\4"), "end record"),
                new Case("directory offset too large", patched(6, 255, 255, 255, 0), "end record"),
                new Case("directory offset off by one", patched(6, file[file.length - 6] + 1), "central directory"),
                new Case("directory size too large", patched(10, 255, 255, 255, 0), "end record"),
                new Case("more entries than fit", patched(12, 200, 0), "end record"),
                new Case("one entry too many", patched(12, 5, 0), "end record"),
                new Case("zip64 end missing", patched(12, 255, 255), "zip64 locator"),
                new Case("two disks", patched(18, 1), "several disks"),
                new Case("compressed", zip(records(ascii("\u0080\2N.")), ZipEntry.DEFLATED), "is compressed"),
                archive("no data.pkl", records -> records.remove("a/data.pkl"), "data.pkl"),
                archive("two top folders", records -> records.put("b/data.pkl", ascii("\u0080\2N.")), "2 times"),
                archive(
                        "archive inside an archive",
                        records -> {
                            records.clear();
                            records.put("inner/model.pt", soundFile());
                        },
                        "data.pkl"),
                archive("data.pkl is an archive", records -> records.put("a/data.pkl", soundFile()), "0x50"),
                archive("no version", records -> records.remove("a/version"), "version"),
                archive("version 11", records -> records.put("a/version", ascii("11\n")), "version"),
                archive("version is text", records -> records.put("a/version", ascii("three")), "version"),
                archive("big-endian", records -> records.put("a/byteorder", ascii("big")), "byteorder"),
                archive("TorchScript", records -> records.put("a/constants.pkl", new byte[0]), "TorchScript"),
                archive(
                        "data.pkl too long",
                        records -> records.put("a/data.pkl", new byte[PickleMachine.MAX_BYTES + 1]),
                        "at most"));
    }

    @ParameterizedTest
    @MethodSource({"globals", "pickles", "tensors", "archives"})
    void open_malformed_refusedNamingFileAndField(Case input) {
        Path path = file(folder, "bad.pt", input.bytes);
        assertThatThrownBy(() -> TorchArchive.open(path).close())
                .isInstanceOf(InvalidInputException.class)
                .hasMessageStartingWith(path + ": ")
                .hasMessageContaining(input.field);
    }

    @Test
    void open_soundFixture_isAccepted() {
        // The table above changes one thing each of this file, so it must itself be sound.
        try (TorchArchive archive = TorchArchive.open(file(folder, "good.pt", soundFile()))) {
            assertThat(archive.tensors().get("").toFloats()).containsExactly(new float[4]);
        }
    }

    @Test
    void open_mutatedFiles_parsesOrRefuses() throws IOException {
        long seed = 7;
        Random random = new Random(seed);
        int parsed = 0;
        for (String name : new String[] {"dtypes.pt", "views.pt", "nested.pt", "protocol4.pt", "state_dict.pth"}) {
            byte[] valid = resource(name);
            for (int round = 0; round < 500; round++) {
                byte[] mutated =
                        Arrays.copyOf(valid, valid.length - (random.nextInt(8) == 0 ? random.nextInt(200) : 0));
                int reach = random.nextBoolean() ? Math.min(1500, mutated.length) : mutated.length;
                for (int i = random.nextInt(3); i >= 0; i--) {
                    mutated[random.nextInt(reach)] = (byte) random.nextInt(256);
                }
                Path path = Files.write(folder.resolve("fuzz.pt"), mutated);
                try (TorchArchive archive = TorchArchive.open(path)) {
                    archive.tensors().values().forEach(tensor -> Sha256.of(tensor.data()));
                    parsed++;
                } catch (InvalidInputException refused) {
                    assertThat(refused)
                            .as("seed %d file %s round %d", seed, name, round)
                            .hasMessageStartingWith(path + ": ");
                }
            }
        }
        assertThat(parsed).as("some mutations hit only data").isPositive();
    }
}
