package org.dndllm.format;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Cuts a GGUF file into parts with the names and keys that llama-gguf-split gives them; keys can be spoilt. */
public final class SplitGguf {
    public static final String NUMBER = "split.no";
    public static final String COUNT = "split.count";
    public static final String TENSORS = "split.tensors.count";

    private final Path source;
    private final List<Map<String, GgufValue>> keys = new ArrayList<>();
    private boolean emptyFirst;

    private SplitGguf(Path source, int parts) {
        this.source = source;
        try (GgufFile file = GgufFile.open(source)) {
            for (int part = 0; part < parts; part++) {
                Map<String, GgufValue> own = new TreeMap<>();
                own.put(NUMBER, uint16(part));
                own.put(COUNT, uint16(parts));
                own.put(TENSORS, new GgufValue(GgufType.INT32, (long)
                        file.tensors().size()));
                keys.add(own);
            }
        }
    }

    public static SplitGguf of(Path source, int parts) {
        return new SplitGguf(source, parts);
    }

    public static GgufValue uint16(long value) {
        return new GgufValue(GgufType.UINT16, value);
    }

    /** Another value for a part's key. */
    public SplitGguf with(int part, String key, GgufValue value) {
        keys.get(part).put(key, value);
        return this;
    }

    public SplitGguf without(int part, String key) {
        keys.get(part).remove(key);
        return this;
    }

    /** As {@code --no-tensor-first-split} has it. */
    public SplitGguf withoutTensorsInFirst() {
        emptyFirst = true;
        return this;
    }

    /** Writes the parts and returns their paths, the first one first. */
    public List<Path> write(Path folder, String name) {
        int count = keys.size();
        List<Path> paths = new ArrayList<>();
        try (GgufFile file = GgufFile.open(source)) {
            List<GgufTensor> tensors = file.tensors();
            int holders = emptyFirst ? count - 1 : count;
            for (int part = 0; part < count; part++) {
                GgufWriter writer = new GgufWriter();
                if (part == 0) {
                    file.metadata().forEach(writer::put);
                }
                keys.get(part).forEach(writer::put);
                int holder = emptyFirst ? part - 1 : part;
                if (holder >= 0) {
                    int from = holder * tensors.size() / holders;
                    int to = (holder + 1) * tensors.size() / holders;
                    tensors.subList(from, to)
                            .forEach(each -> writer.tensor(each.name(), each.type(), each.dims(), each.data()));
                }
                Path path = folder.resolve(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", name, part + 1, count));
                writer.write(path);
                paths.add(path);
            }
        }
        return paths;
    }
}
