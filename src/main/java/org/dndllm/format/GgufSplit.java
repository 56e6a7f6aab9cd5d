package org.dndllm.format;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.dndllm.InvalidInputException;

/**
 * A model in several GGUF files, as {@code llama-gguf-split} writes it: {@code NAME-00001-of-00003.gguf} and so on beside
 * each other, the metadata in the first, the tensors over all. llama.cpp is given the first and finds the others by name;
 * it asserts on a {@code split.no} of another type and takes a part of another model without a word, so all that can be
 * compared is compared here first. Source: {@code llama-model-loader.cpp}, {@code llama.cpp: llama_split_path}.
 */
final class GgufSplit {
    private static final String COUNT = "split.count";
    private static final String NUMBER = "split.no";
    private static final String TENSORS = "split.tensors.count";

    private final Path first;
    private final GgufParser.Content head;
    private final int count;

    private GgufSplit(Path first, GgufParser.Content head, int count) {
        this.first = first;
        this.head = head;
        this.count = count;
    }

    /**
     * What all parts hold together: the metadata of the first, the tensors of all.
     *
     * @param paths of the parts in order; one where the model is one file
     */
    record Whole(GgufParser.Content content, List<Path> paths) {}

    /**
     * Completes a file that says it is the first part of a model; any other is whole already.
     *
     * @param read maps and parses one of the other parts
     * @throws InvalidInputException naming the part and what is wrong with it
     */
    static Whole complete(Path file, GgufParser.Content content, Function<Path, GgufParser.Content> read) {
        long count =
                content.metadata().containsKey(COUNT) ? number(file, content.metadata(), COUNT, GgufType.UINT16) : 1;
        return count <= 1
                ? new Whole(content, List.of(file))
                : new GgufSplit(file, content, (int) count).complete(read);
    }

    private Whole complete(Function<Path, GgufParser.Content> read) {
        requireFirst();
        List<Path> paths = new ArrayList<>(List.of(first));
        Map<String, GgufTensor> tensors = new LinkedHashMap<>(head.tensors());
        for (int index = 1; index < count; index++) {
            Path path = first.resolveSibling(name(index));
            if (!Files.isRegularFile(path)) {
                throw new InvalidInputException(
                        path.toString(),
                        "file",
                        "does not exist; it is part " + (index + 1) + " of " + count + " of the model that " + first
                                + " begins: put all parts beside each other");
            }
            GgufParser.Content part = read.apply(path);
            requirePart(path, part.metadata(), index);
            part.tensors().forEach((name, tensor) -> {
                if (tensors.putIfAbsent(name, tensor) != null) {
                    throw new InvalidInputException(
                            path.toString(),
                            "tensor " + name,
                            "is in a part before this one too; the parts belong to different models, fetch them again");
                }
            });
            paths.add(path);
        }
        long expected = number(first, head.metadata(), TENSORS, GgufType.INT32);
        if (expected != tensors.size()) {
            throw new InvalidInputException(
                    first.toString(),
                    TENSORS,
                    "is " + expected + ", but the " + count + " parts hold " + tensors.size()
                            + " tensors; they belong to different models, fetch them again");
        }
        return new Whole(new GgufParser.Content(head.metadata(), tensors, head.alignment()), List.copyOf(paths));
    }

    private void requireFirst() {
        long number = number(first, head.metadata(), NUMBER, GgufType.UINT16);
        if (number != 0) {
            throw new InvalidInputException(
                    first.toString(),
                    NUMBER,
                    "is " + number + ": part " + (number + 1) + " of " + count
                            + " of a model; name its first part, whose file name ends in " + ending(0));
        }
        if (!fileName().endsWith(ending(0))) {
            throw new InvalidInputException(
                    first.toString(),
                    "file name",
                    "does not end in " + ending(0) + ", by which the other " + (count - 1)
                            + " parts are found; give all parts their names back");
        }
    }

    private void requirePart(Path path, Map<String, GgufValue> metadata, int index) {
        long number = number(path, metadata, NUMBER, GgufType.UINT16);
        if (number != index) {
            throw new InvalidInputException(
                    path.toString(), NUMBER, "is " + number + "; expected " + index + " by its name, fetch it again");
        }
        long parts = number(path, metadata, COUNT, GgufType.UINT16);
        if (parts != count) {
            throw new InvalidInputException(
                    path.toString(), COUNT, "is " + parts + ", but " + first + " says " + count + "; fetch it again");
        }
        metadata.forEach((key, value) -> {
            GgufValue other = head.metadata().get(key);
            if (other != null && !key.equals(NUMBER) && value.type() != GgufType.ARRAY && !other.equals(value)) {
                throw new InvalidInputException(
                        path.toString(),
                        key,
                        "is " + value.value() + ", but " + first + " says " + other.value()
                                + "; the parts belong to different models");
            }
        });
    }

    /** llama.cpp reads these keys in exactly their types. */
    private static long number(Path file, Map<String, GgufValue> metadata, String key, GgufType type) {
        GgufValue value = metadata.get(key);
        if (value == null) {
            throw new InvalidInputException(
                    file.toString(), key, "is missing; expected a part of a model in several files");
        }
        if (value.type() != type) {
            throw new InvalidInputException(
                    file.toString(), key, "is of type " + value.type() + "; expected " + type + ", split it again");
        }
        return value.asLong(file.toString(), key);
    }

    private String name(int index) {
        String mine = fileName();
        return mine.substring(0, mine.length() - ending(0).length()) + ending(index);
    }

    private String ending(int index) {
        return String.format(Locale.ROOT, "-%05d-of-%05d.gguf", index + 1, count);
    }

    private String fileName() {
        return first.getFileName().toString();
    }
}
