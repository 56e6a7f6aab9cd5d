package org.dndllm.generator;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.dndllm.format.DType;
import org.dndllm.format.TensorView;

/** Writes {@code .pth} files as torch.save does, also such as nobody should have saved, and huge ones that are all holes. */
public final class StateDictFile {
    private static final long IN_ZIP64 = 0xffffffffL;

    /** A tensor in the file. Without data its bytes are a hole, which reads as zeros and takes no disk. */
    private record Entry(String name, DType dtype, List<Long> shape, byte[] data) {
        long bytes() {
            return shape.stream().reduce((long) dtype.bytes(), Math::multiplyExact);
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private String folder = "model";
    private boolean byteOrder = true;
    private String extra = "";

    /** Random weights of that configuration and the loss weights, as the official scripts save them. */
    public static StateDictFile of(PaperConfig config, long seed) {
        StateDictFile file = new StateDictFile();
        file.put(TensorView.ofFloats("criterion_weight", List.of(1L, 1L, 1L, 1L), new float[] {1}));
        WeightSource weights = GeneratorWeights.random(config, seed);
        config.weightShapes().forEach((name, shape) -> file.put(weights.rows(name, 0, shape.getFirst())));
        return file;
    }

    /** Weights of that configuration that are all zero and take no disk. */
    public static StateDictFile hollow(PaperConfig config, DType dtype) {
        StateDictFile file = new StateDictFile();
        config.weightShapes().forEach((name, shape) -> file.putHole(name, dtype, shape));
        return file;
    }

    /** All tensors of a state dict under other names. */
    public StateDictFile renamed(UnaryOperator<String> change) {
        List<Entry> all = List.copyOf(entries.values());
        entries.clear();
        all.forEach(e -> entries.put(change.apply(e.name), new Entry(change.apply(e.name), e.dtype, e.shape, e.data)));
        return this;
    }

    public StateDictFile put(TensorView tensor) {
        byte[] data = tensor.data().toArray(ValueLayout.JAVA_BYTE);
        entries.put(tensor.name(), new Entry(tensor.name(), tensor.dtype(), tensor.shape(), data));
        return this;
    }

    public StateDictFile putHole(String name, DType dtype, List<Long> shape) {
        entries.put(name, new Entry(name, dtype, shape, new byte[0]));
        return this;
    }

    public StateDictFile remove(String name) {
        if (entries.remove(name) == null) {
            throw new IllegalArgumentException("there is no " + name);
        }
        return this;
    }

    /** As PyTorch before 2.1: no record of the byte order, top folder {@code archive}. */
    public StateDictFile oldLayout() {
        folder = "archive";
        byteOrder = false;
        return this;
    }

    /** Pickle code for one more member of the dict: a key and a value. */
    public StateDictFile member(String key, String pickle) {
        extra += text(key) + pickle;
        return this;
    }

    /** A pickle of a text. */
    public static String text(String value) {
        return "X" + number(value.length(), 4) + value;
    }

    public Path write(Path file) {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            new Zip(channel).write();
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] pickle() {
        StringBuilder code = new StringBuilder("\u0080\2}(");
        int key = 0;
        for (Entry entry : entries.values()) {
            code.append(text(entry.name)).append(tensor(entry, key++));
        }
        return latin(code.append(extra).append("u.").toString());
    }

    private static String tensor(Entry entry, int key) {
        long elements = entry.bytes() / entry.dtype.bytes();
        List<Long> strides = new ArrayList<>();
        long stride = 1;
        for (int i = entry.shape.size() - 1; i >= 0; i--) {
            strides.addFirst(stride);
            stride *= entry.shape.get(i);
        }
        return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + storage(entry.dtype)
                + "Storage\n" + text(Integer.toString(key)) + text("cpu") + integer(elements) + "tQ" + integer(0)
                + tuple(entry.shape) + tuple(strides) + "\u0089ccollections\nOrderedDict\n)RtR";
    }

    private static String storage(DType dtype) {
        return switch (dtype) {
            case F32 -> "Float";
            case F16 -> "Half";
            case BF16 -> "BFloat16";
            case F64 -> "Double";
            case I64 -> "Long";
            default -> throw new IllegalArgumentException(dtype.name());
        };
    }

    private static String tuple(List<Long> numbers) {
        StringBuilder code = new StringBuilder("(");
        numbers.forEach(n -> code.append(integer(n)));
        return code.append("t").toString();
    }

    private static String integer(long value) {
        return "\u008a\10" + number(value, 8);
    }

    private static String number(long value, int bytes) {
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < bytes; i++) {
            code.append((char) (value >>> (8 * i) & 0xff));
        }
        return code.toString();
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A zip archive of stored records without checksums; zip64 beyond 4 GiB, as torch writes it. */
    private final class Zip {
        private final FileChannel channel;
        private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
        private long at;
        private int count;

        Zip(FileChannel channel) {
            this.channel = channel;
        }

        void write() throws IOException {
            record("data.pkl", pickle(), -1);
            if (byteOrder) {
                record("byteorder", latin("little"), -1);
            }
            int key = 0;
            for (Entry entry : entries.values()) {
                record("data/" + key++, entry.data, entry.bytes());
            }
            record("version", latin("3\n"), -1);
            end();
        }

        private void record(String name, byte[] data, long length) throws IOException {
            byte[] path = latin(folder + "/" + name);
            long size = length < 0 ? data.length : length;
            long offset = at;
            boolean large = size >= IN_ZIP64 || offset >= IN_ZIP64;
            byte[] extraField = large ? extraField(size, offset) : new byte[0];
            long stated = large ? IN_ZIP64 : size;
            put(bytes(30)
                    .putInt(0x04034b50)
                    .putShort((short) 20)
                    .putShort((short) 0)
                    .putLong(0)
                    .putShort((short) 0)
                    .putInt((int) stated)
                    .putInt((int) stated)
                    .putShort((short) path.length)
                    .putShort((short) 0));
            put(ByteBuffer.wrap(path));
            put(ByteBuffer.wrap(data));
            at += size - data.length; // a hole
            directory.writeBytes(bytes(46)
                    .putInt(0x02014b50)
                    .putShort((short) 20)
                    .putShort((short) 20)
                    .putLong(0)
                    .putInt(0)
                    .putInt((int) stated)
                    .putInt((int) stated)
                    .putShort((short) path.length)
                    .putShort((short) extraField.length)
                    .putLong(0)
                    .putShort((short) 0)
                    .putInt((int) (large ? IN_ZIP64 : offset))
                    .array());
            directory.writeBytes(path);
            directory.writeBytes(extraField);
            count++;
        }

        private static byte[] extraField(long size, long offset) {
            return bytes(28)
                    .putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(size)
                    .putLong(size)
                    .putLong(offset)
                    .array();
        }

        private void end() throws IOException {
            long start = at;
            put(ByteBuffer.wrap(directory.toByteArray()));
            if (start >= IN_ZIP64) {
                long end64 = at;
                put(bytes(56)
                        .putInt(0x06064b50)
                        .putLong(44)
                        .putShort((short) 45)
                        .putShort((short) 45)
                        .putInt(0)
                        .putInt(0)
                        .putLong(count)
                        .putLong(count)
                        .putLong(directory.size())
                        .putLong(start));
                put(bytes(20).putInt(0x07064b50).putInt(0).putLong(end64).putInt(1));
            }
            put(bytes(22)
                    .putInt(0x06054b50)
                    .putInt(0)
                    .putShort((short) count)
                    .putShort((short) count)
                    .putInt(directory.size())
                    .putInt((int) Math.min(start, IN_ZIP64))
                    .putShort((short) 0));
        }

        private static ByteBuffer bytes(int count) {
            return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        }

        private void put(ByteBuffer buffer) throws IOException {
            buffer.rewind().limit(buffer.capacity());
            while (buffer.hasRemaining()) {
                at += channel.write(buffer, at);
            }
        }
    }
}
