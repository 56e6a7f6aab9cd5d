package org.dndllm.engine;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TorchArchive;

/** safetensors files of one F32 tensor "t", and torch archives of one pickle, spoilt in one place each. */
final class MalformedTensorFiles {
    private static final String STORAGE = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0%sX\3\0\0\0cpuK%stQ";
    private static final String TENSOR =
            "ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + "%s\u0089ccollections\nOrderedDict\n)RtR";
    private static final String SHAPE = "K\0K\4\u0085K\1\u0085"; // offset, size, stride

    private final Path folder;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedTensorFiles(Path folder) {
        this.folder = folder;
    }

    static List<MalformedInput> safetensors(Path folder) {
        MalformedTensorFiles files = new MalformedTensorFiles(folder);
        files.headers();
        files.tensors();
        return files.all;
    }

    static List<MalformedInput> torch(Path folder) {
        MalformedTensorFiles files = new MalformedTensorFiles(folder);
        files.archives();
        files.pickles();
        files.views();
        return files.all;
    }

    private void safe(String name, String field, byte[] bytes) {
        String file = "bad-" + all.size() + ".safetensors";
        all.add(new MalformedInput(
                "safetensors",
                name,
                file,
                field,
                live -> SafetensorsFile.open(GgufDraft.save(folder, file, bytes))
                        .close()));
    }

    private void header(String name, String field, String json, int dataBytes) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        byte[] file = ByteBuffer.allocate(8 + text.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .put(text)
                .array();
        safe(name, field, file);
    }

    private void tensor(String name, String field, String dtype, String shape, String offsets) {
        String json = "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
        header(name, field, json, 4);
    }

    private void headers() {
        safe("empty file", "header length", new byte[0]);
        safe("seven bytes", "header length", new byte[7]);
        safe("zip archive", "header length", new byte[] {'P', 'K', 3, 4, 0, 0, 8, 8, 0, 0, 0, 0});
        safe("header length -1", "header length", filled((byte) 0xff, 64));
        header("list as header", "header", "[]", 0);
        header("cut JSON", "t", "{\"t\":", 0);
        header("tensor is null", "t", "{\"t\":null}", 0);
        header("no dtype", "t.dtype", "{\"t\":{\"shape\":[],\"data_offsets\":[0,4]}}", 4);
        header("no shape", "t.shape", "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4);
        header("metadata value is a number", "__metadata__.k", "{\"__metadata__\":{\"k\":1}}", 0);
        header("data without tensors", "data", "{}", 1);
    }

    private void tensors() {
        tensor("unknown dtype", "t.dtype", "\"F31\"", "[1]", "[0,4]");
        tensor("dtype is a number", "t.dtype", "32", "[1]", "[0,4]");
        tensor("negative extent", "t.shape", "\"F32\"", "[-1]", "[0,4]");
        tensor("fractional extent", "t.shape", "\"F32\"", "[1.5]", "[0,4]");
        tensor("extent beyond 64 bits", "t.shape", "\"F32\"", "[18446744073709551617]", "[0,4]");
        tensor("product overflows", "t.shape", "\"U8\"", "[4294967296,4294967297]", "[0,4]");
        tensor("too few bytes", "t.data_offsets", "\"F32\"", "[2]", "[0,4]");
        tensor("one offset", "t.data_offsets", "\"F32\"", "[1]", "[4]");
        tensor("end before begin", "t.data_offsets", "\"F32\"", "[1]", "[4,0]");
        tensor("begins in the middle", "t.data_offsets", "\"U8\"", "[3]", "[1,4]");
        tensor("ends beyond the file", "t.data_offsets", "\"F32\"", "[2]", "[0,8]");
    }

    private static byte[] filled(byte value, int count) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, value);
        return bytes;
    }

    private void torchFile(String name, String field, byte[] bytes) {
        String file = "bad-" + all.size() + ".pt";
        all.add(new MalformedInput(
                "torch",
                name,
                file,
                field,
                live -> TorchArchive.open(GgufDraft.save(folder, file, bytes)).close()));
    }

    private void archives() {
        byte[] sound = zip(records(tensor("0", "\4", SHAPE)), ZipEntry.STORED);
        torchFile("empty file", "format", new byte[0]);
        torchFile("text", "format", latin1("no archive, but a sentence"));
        torchFile("bare pickle", "format", latin1("\u0080\2}."));
        torchFile("end cut off", "end record", Arrays.copyOf(sound, sound.length - 1));
        torchFile("half a file", "end record", Arrays.copyOf(sound, sound.length / 2));
        torchFile("compressed", "compressed", zip(records("N"), ZipEntry.DEFLATED));
        Map<String, byte[]> none = records("N");
        none.remove("a/data.pkl");
        torchFile("no pickle", "data.pkl", zip(none, ZipEntry.STORED));
        Map<String, byte[]> big = records("N");
        big.put("a/byteorder", latin1("big"));
        torchFile("big-endian", "byteorder", zip(big, ZipEntry.STORED));
        Map<String, byte[]> script = records("N");
        script.put("a/constants.pkl", new byte[0]);
        torchFile("TorchScript", "TorchScript", zip(script, ZipEntry.STORED));
    }

    private void pickle(String name, String field, String code) {
        torchFile(name, field, zip(records(code), ZipEntry.STORED));
    }

    private void pickles() {
        pickle("calls os.system", "os.system", "cos\nsystem\n(X\2\0\0\0lstR");
        pickle("calls builtins.eval", "builtins.eval", "cbuiltins\neval\n(X\1\0\0\0" + "1tR");
        pickle("makes an instance", "Python class", "(ios\nsystem\n");
        pickle("unknown opcode", "0xff", "\u00ff");
        pickle("empty stack", "stack", "");
        pickle("memo never set", "memo 5", "h\5");
        pickle("text longer than the file", "data.pkl", "X\377\377\377\377abc");
        pickle("list inside itself", "nested", "]q\0h\0a");
        pickle("nested 5000 deep", "nested", "(".repeat(5000) + "t".repeat(5000));
    }

    private static String tensor(String storage, String count, String view) {
        return TENSOR.formatted(storage, count, view);
    }

    private void views() {
        pickle("storage not in the archive", "data/7", tensor("7", "\4", SHAPE));
        pickle("more elements than the record", "storage 0", tensor("0", "\5", SHAPE));
        pickle("shape beyond the storage", "element 4", tensor("0", "\4", "K\0K\5\u0085K\1\u0085"));
        pickle("negative offset", "element -1", tensor("0", "\4", "J\377\377\377\377K\4\u0085K\1\u0085"));
        pickle("negative extent", "size", tensor("0", "\4", "K\0J\377\377\377\377\u0085K\1\u0085"));
        pickle("no stride", "strides", tensor("0", "\4", "K\0K\4\u0085)"));
    }

    /** Of an archive with one storage "0" of 16 bytes. */
    private static Map<String, byte[]> records(String code) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("a/data.pkl", latin1("\u0080\2" + code + "."));
        records.put("a/byteorder", latin1("little"));
        records.put("a/data/0", new byte[16]);
        records.put("a/version", latin1("3\n"));
        return records;
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] zip(Map<String, byte[]> records, int method) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> record : records.entrySet()) {
                ZipEntry entry = new ZipEntry(record.getKey());
                CRC32 crc = new CRC32();
                crc.update(record.getValue());
                entry.setMethod(method);
                entry.setSize(record.getValue().length);
                if (method == ZipEntry.STORED) {
                    entry.setCrc(crc.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(record.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
