package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Golden files and hand-made bytes that the tests of this package share. */
final class FormatFixtures {
    private FormatFixtures() {}

    static byte[] resource(String name) {
        try (InputStream in = FormatFixtures.class.getResourceAsStream("/format/" + name)) {
            assertThat(in).as("test resource " + name).isNotNull();
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path file(Path folder, String name, byte[] content) {
        try {
            return Files.write(folder.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path golden(Path folder, String name) {
        return file(folder, name, resource(name));
    }

    /** What torch and the reference writer know about the golden files. */
    static JsonValue.Obj expected() {
        return JsonValue.parse(resource("expected-tensors.json"), "expected-tensors.json")
                .asObject("expected-tensors.json");
    }

    static void assertTensor(TensorView tensor, JsonValue.Obj expected) {
        assertThat(tensor.dtype().name()).as(tensor.name()).isEqualTo(expected.string("dtype"));
        assertThat(tensor.shape())
                .as(tensor.name())
                .isEqualTo(expected.array("shape").integers());
        assertThat(Sha256.of(tensor.data())).as(tensor.name()).isEqualTo(expected.string("sha256"));
    }

    static byte[] safetensors(String header, int dataBytes) {
        return safetensors(header.getBytes(StandardCharsets.UTF_8), dataBytes);
    }

    static byte[] safetensors(byte[] header, int dataBytes) {
        return ByteBuffer.allocate(8 + header.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header)
                .array();
    }

    /** Records of an archive that holds one storage "0" of 16 bytes; tests replace or remove some. */
    static Map<String, byte[]> records(byte[] pickle) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("a/data.pkl", pickle);
        records.put("a/byteorder", ascii("little"));
        records.put("a/data/0", new byte[16]);
        records.put("a/version", ascii("3\n"));
        return records;
    }

    static byte[] zip(Map<String, byte[]> records, int method) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            for (Map.Entry<String, byte[]> record : records.entrySet()) {
                ZipEntry entry = new ZipEntry(record.getKey());
                CRC32 crc = new CRC32();
                crc.update(record.getValue());
                entry.setMethod(method);
                if (method == ZipEntry.STORED) {
                    entry.setSize(record.getValue().length);
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

    static byte[] zip(Map<String, byte[]> records) {
        return zip(records, ZipEntry.STORED);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    static byte[] without(byte[] bytes, int last) {
        return Arrays.copyOf(bytes, bytes.length - last);
    }
}
